"""How much each row of a table counts: by a column of weights, or so that classes count alike."""

from __future__ import annotations

import math

import numpy as np

from plait.data.splits import Splits
from plait.data.table import Table
from plait.errors import TableError, TargetError, UsageError
from plait.fitting.setup.labels import only_rows
from plait.types import is_missing

BALANCED = "balanced"


def check_weights(table: Table, weights: str | None, target: str | None) -> str | None:
    """Return the column of weights, or None where there is none (or classes are balanced).

    Raises `UsageError` for an unknown column, for one that is the target, for weights without a
    target, and where a column is called ``balanced``, so that it is not clear what is meant.
    """
    if weights is None:
        return None
    if target is None:
        raise UsageError("weights are of rows with a target, and there is no target to predict")
    if weights == BALANCED:
        if BALANCED in table.column_names:
            raise UsageError(
                "the table has a column 'balanced', which is also a word for equal classes",
                expected="another name for the column",
            )
        return None
    if weights not in table.column_names or weights == target:
        raise UsageError(
            f"there is no column '{weights}' of weights",
            expected="balanced, or one of "
            + ", ".join(name for name in table.column_names if name != target),
            received=weights,
        )
    return weights


def read_weights(table: Table, column: str) -> np.ndarray:
    """Return the weights of all rows, float64 ``[row]``.

    Raises `TableError` where one is missing, negative, or no number, or where all are 0.
    """
    found = np.zeros(table.num_rows)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            value = math.nan if is_missing(cell) else _number(cell)
            if not (math.isfinite(value) and value >= 0):
                raise TableError(
                    "a weight is not usable",
                    expected="a finite number, 0 or more, in every row",
                    received="nothing" if is_missing(cell) else str(cell),
                    column=column,
                    row=first + place,
                )
            found[first + place] = value
    if not found.any():
        raise TableError("all weights are 0", expected="some above 0", column=column)
    return found


def balanced_weights(truth: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return weights of all rows under which every class of `rows` weighs the same, ``[row]``.

    Args:
        truth: int64 ``[row]``; -1 where the class is not known to training: such rows weigh 1.
        rows: Which rows are learned from.
    """
    counts = np.bincount(truth[rows][truth[rows] >= 0])
    mean = counts.sum() / max(int((counts > 0).sum()), 1)
    of_class = np.where(counts > 0, mean / np.maximum(counts, 1), 1.0)
    places = np.clip(truth, 0, len(counts) - 1)
    known = (truth >= 0) & (truth < len(counts))
    return np.where(known, of_class[places], 1.0)


def normalised(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return weights of mean 1 over `rows`, float32 ``[row]``."""
    return (weights / max(float(weights[rows].mean()), 1e-300)).astype(np.float32)


def _number(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return math.nan


def weigh(
    table: Table,
    weights: str | None,
    column: str | None,
    truth: np.ndarray,
    splits: Splits,
    target: str | None = None,
) -> tuple[np.ndarray | None, Splits, tuple[str, ...]]:
    """Return the rows' weights, the splits without rows of weight 0, and what to say of them."""
    if weights is None:
        return None, splits, ()
    if column is None:
        if truth.ndim != 1 or truth.dtype.kind != "i":
            raise TargetError(
                "only classes can be balanced",
                expected="a category as the target, or a column of weights",
                column=target,
                hint="--weights COLUMN",
            ).of_call()
        learn = np.concatenate([splits.train, splits.validation])
        heavy = balanced_weights(truth, learn)
        return normalised(heavy, learn), splits, ("rows are weighted so that classes count alike",)
    heavy = read_weights(table, column)
    notes: tuple[str, ...] = (f"rows are weighted by '{column}'",)
    kept, num = only_rows(splits, heavy > 0), int((heavy == 0).sum())
    if num:
        notes += (f"{num} rows of weight 0 take no part",)
    learn = np.concatenate([kept.train, kept.validation])
    if not len(kept.train) or not len(learn):
        raise TargetError("all rows to learn from weigh 0", column=column)
    return normalised(heavy, learn), kept, notes
