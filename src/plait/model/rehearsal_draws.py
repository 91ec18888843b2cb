"""Examples that are drawn from statistics, by which it is checked that nothing is forgotten."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plait.model.rehearsal import LEAST_SCORE

NUM_DRAWS = 400

FEW_ROWS = 1.0
"""A class's mean is from so many rows more, which lie in the middle."""


class Axes(NamedTuple):
    """Where features come from: the mean of what they are made of, its main directions, those of
    points first, how many of the numbers are scores, and how many directions are of points."""

    centre: np.ndarray
    projection: np.ndarray
    num_scores: int
    num_near: int


class Drawn(NamedTuple):
    """Examples: what features are made of ``[draw, score + dim]``, its scores, and the truth."""

    raw: np.ndarray
    scores: np.ndarray
    truth: np.ndarray


def drawn_examples(
    axes: Axes, raw: np.ndarray, truth: np.ndarray, counts: np.ndarray, unit: float | None
) -> Drawn:
    """Draw examples from a normal distribution about each class's mean, as many of each class.

    How surely classes are told apart is no normal thing: of classes, the margins of the draws are
    made those of the rows, quantile by quantile, the smallest staying the smallest.
    """
    scores = raw[:, : axes.num_scores]
    found = (raw - axes.centre) @ axes.projection.T
    told = scores if unit is None else np.column_stack([scores, truth / unit])
    both = np.concatenate([told, found], axis=1)
    which = truth if unit is None else np.zeros(len(truth), np.int64)
    middle = both.mean(axis=0)
    sums = np.tile(FEW_ROWS * middle, (len(counts), 1))
    np.add.at(sums, which, both)
    means = sums / (counts + FEW_ROWS)[:, None]
    rest = both - means[which]
    values, vectors = np.linalg.eigh(rest.T @ rest / max(len(rest) - int((counts > 0).sum()), 1))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    there = np.flatnonzero(counts)
    classes = np.repeat(there, max(NUM_DRAWS // len(there), 2))
    noise = np.random.default_rng(0).standard_normal((len(classes), both.shape[1]))
    drawn = means[classes] + noise @ root.T
    said, inner = drawn[:, : axes.num_scores], drawn[:, told.shape[1] :]
    own = classes
    if unit is None:
        said = _with_margins(said, classes, _margins(scores, truth))
    else:
        own = (drawn[:, axes.num_scores] * unit).astype(np.float32)
    back = axes.centre + inner @ axes.projection
    back[:, : axes.num_scores] = said
    return Drawn(back, said, own)


def _margins(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how far the score of the true class lies above that of the next, ``[row]``."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, truth] = -np.inf
    return np.asarray(scores[rows, truth] - others.max(axis=1))


def _with_margins(scores: np.ndarray, truth: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Return scores whose margins are distributed as others."""
    own = _margins(scores, truth)
    ranks = np.argsort(np.argsort(own, kind="stable"), kind="stable")
    wanted = np.quantile(margins, (ranks + 0.5) / len(ranks))
    found = scores.copy()
    found[np.arange(len(found)), truth] += wanted - own
    return np.asarray(found - found.mean(axis=1, keepdims=True))


def probabilities_of(scores: np.ndarray) -> np.ndarray:
    """Return probabilities of classes, float32, from drawn scores."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = raised / raised.sum(axis=1, keepdims=True)
    return np.clip(shares, LEAST_SCORE**2, 1.0).astype(np.float16).astype(np.float32)


def quantiles_of(outputs: np.ndarray) -> np.ndarray:
    """Return means and quantiles, float32, the quantiles in order."""
    ordered = np.sort(outputs[:, 1:], axis=1)
    return np.concatenate([outputs[:, :1], ordered], axis=1).astype(np.float32)
