"""Metrics of many resamples at once: rows count as often as each was drawn; NumPy only."""

from __future__ import annotations

import numpy as np

from plait.metrics import log_loss, right_rows

ROWS_PER_CLASS = 16
"""With more rows than so many for each class, calls of the metrics one by one are as quick."""

CHUNK_ROWS = 256
"""Rows that are compared with all others at a time."""


def are_many(num_rows: int, num_classes: int) -> bool:
    """Tell whether classes are so many for the rows that resamples at once are quicker."""
    return num_classes > 2 and num_rows <= ROWS_PER_CLASS * num_classes


def resampled_classification_metrics(
    outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Return `plait.metrics.classification_metrics` of resamples, each float64 ``[resample]``.

    The areas under the curves are from one table of which row's score lies above which, counted by
    how often both rows were drawn.

    Args:
        outputs: ``[row, class]``, of three classes or more.
        truth: int64 ``[row]``; -1 is a class that training did not see.
        counts: float32 ``[resample, row]``: how often each row was drawn; whole numbers.
    """
    num, guess = outputs.shape[1], outputs.argmax(axis=1)
    heavy = counts.astype(np.float64)
    right, total = right_rows(outputs, truth), heavy.sum(axis=1)
    real, said = _by_class(heavy, truth, num), _by_class(heavy, guess, num)
    hits = _by_class(heavy * right, guess, num)
    unseen = heavy @ (truth < 0)
    f1 = 2 * hits / np.maximum(real + said, 1)
    sides = real * (total[:, None] - real)
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = np.where(sides > 0, _ordered_pairs(outputs, truth, counts) / sides, np.nan)
        return {
            "accuracy": heavy @ right / total,
            # Rows of unseen classes are a class of their own, which nobody gets right.
            "macro_f1": (f1 * (real > 0)).sum(1) / ((real > 0).sum(1) + (unseen > 0)),
            "auc": np.nansum(areas, axis=1) / np.isfinite(areas).sum(axis=1),
            "log_loss": heavy @ log_loss(outputs, truth) / total,
        }


def _by_class(heavy: np.ndarray, classes: np.ndarray, num: int) -> np.ndarray:
    """Return the sums of ``[resample, row]`` over the rows of each class, ``[resample, class]``."""
    seen = np.flatnonzero(classes >= 0)
    order = seen[np.argsort(classes[seen], kind="stable")]
    names, firsts = np.unique(classes[order], return_index=True)
    found = np.zeros((len(heavy), num))
    if len(names):
        found[:, names] = np.add.reduceat(heavy[:, order], firsts, axis=1)
    return found


def _ordered_pairs(outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return how many pairs of a row of a class and one of another are in order, by the class's
    score: float64 ``[resample, class]``. Ties count half."""
    scores, drawn = np.ascontiguousarray(outputs.T), np.ascontiguousarray(counts.T)
    found = np.zeros((len(counts), len(scores)))
    seen = np.flatnonzero(truth >= 0)
    for first in range(0, len(seen), CHUNK_ROWS):
        rows = seen[first : first + CHUNK_ROWS]
        others, mine = scores[truth[rows]], outputs[rows, truth[rows]][:, None]
        above = (others < mine).astype(np.float32)
        above += np.float32(0.5) * (others == mine)
        above[truth[rows][:, None] == truth] = 0.0
        pairs = (above @ drawn).astype(np.float64) * drawn[rows]
        found += _by_class(pairs.T, truth[rows], len(scores))
    return found
