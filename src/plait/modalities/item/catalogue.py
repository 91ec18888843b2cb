"""What is known of items beside their names: few numbers each, in which alike items are near."""

from __future__ import annotations

import base64
from functools import lru_cache

import numpy as np

MOST_FEATURES = 64
"""Numbers per item: the principal directions of all that is known of them."""


def packed(features: np.ndarray) -> str:
    """Return features ``[item, feature]`` as text: their principal directions, in half precision.

    Each item's numbers have length 1, or are 0 where it is like the average.
    """
    if not features.size:
        return ""
    exact = features.astype(np.float64)
    exact -= exact.mean(axis=0)
    if exact.shape[1] > MOST_FEATURES:
        exact = exact @ _directions(exact, MOST_FEATURES)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    exact = np.where(lengths > 1e-9, exact / np.maximum(lengths, 1e-9), 0.0)
    return base64.b64encode(exact.astype(np.float16).tobytes()).decode()


def _directions(points: np.ndarray, num: int) -> np.ndarray:
    """Return the principal directions of points, ``[feature, direction]``, the strongest first.

    From a random subspace (Halko et al. 2011, "Finding structure with randomness", algorithm 4.4),
    the same at each call.
    """
    wide = min(num + 16, *points.shape)
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(points.T @ (points @ rng.normal(size=(points.shape[1], wide))))
    basis, _ = np.linalg.qr(points.T @ (points @ basis))
    _, turned = np.linalg.eigh((points @ basis).T @ (points @ basis))
    found: np.ndarray = basis @ turned[:, ::-1][:, :num]
    return found


@lru_cache(maxsize=4)
def unpacked(content: str, num_items: int) -> np.ndarray:
    """Return what `packed` gave, float32 ``[item, feature]``; of width 0 of no text."""
    if not content:
        return np.zeros((num_items, 0), np.float32)
    numbers = np.frombuffer(base64.b64decode(content), np.float16)
    return numbers.reshape(num_items, -1).astype(np.float32)


def relatives(features: np.ndarray, known: np.ndarray, *, num: int = 20) -> np.ndarray:
    """Return how much each unknown item is of each known one, float32 ``[unknown, known]``.

    Weights of the nearest known items by what is known of them, which add up to 1: what holds of
    these, in the mean, is taken to hold of an item that nobody has taken yet.

    Args:
        features: float32 ``[item, feature]``, of length 1 each.
        known: bool ``[item]``.
        num: How many relatives.
    """
    likeness = features[~known] @ features[known].T
    num = min(num, likeness.shape[1])
    if not likeness.size:
        return likeness.astype(np.float32)
    least = np.partition(likeness, -num, axis=1)[:, [-num]]
    weights = np.where(likeness >= least, np.exp(8.0 * (likeness - 1.0)), 0.0)
    found: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
