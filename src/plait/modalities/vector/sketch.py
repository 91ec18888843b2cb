"""Sketches of vectors: up to 128 numbers of their direction, and their length."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.likeness import Fingerprint, sign_code

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_KEPT, LEAST_DIM = 128, 8
LEAST_COSINE, MOST_LENGTH = 0.995, 0.1
"""Cosine of alike directions; logarithm of the ratio of alike lengths."""


def fingerprint_vectors(raw: Float[ndarray, "token dim"]) -> Fingerprint | None:
    """Return what the near-duplicates of a cell are found by; None for few numbers or all zeros."""
    parts = [raw[0], raw[1:].mean(0)] if len(raw) > 1 else [raw[0]]
    whole = np.concatenate(parts).astype(np.float64)
    length = float(np.linalg.norm(whole))
    if raw.shape[1] < LEAST_DIM or not length > 0:
        return None
    kept = whole / length
    if len(kept) > NUM_KEPT:
        kept = _projection(len(kept)) @ kept
        kept /= np.linalg.norm(kept)
    head = np.array([np.log(length), raw.shape[1]], np.float32).tobytes()
    return Fingerprint(sign_code(kept), head + kept.astype(np.float16).tobytes())


def vectors_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches point the same way and are of about the same length."""
    if len(first) != len(second):
        return False
    one, other = (np.frombuffer(sketch, np.float32, 2) for sketch in (first, second))
    if one[1] != other[1] or abs(one[0] - other[0]) > MOST_LENGTH:
        return False
    ways = [
        np.frombuffer(sketch, np.float16, offset=8).astype(np.float64) for sketch in (first, second)
    ]
    return bool(
        ways[0] @ ways[1] >= LEAST_COSINE * np.linalg.norm(ways[0]) * np.linalg.norm(ways[1])
    )


@cache
def _projection(dim: int) -> np.ndarray:
    """Return random directions: they keep cosines within some hundredths."""
    found: np.ndarray = np.random.RandomState(13).standard_normal((NUM_KEPT, dim))
    return found / np.sqrt(NUM_KEPT)
