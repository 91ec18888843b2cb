"""Rows that were held out, by which outputs are corrected, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PRIOR_ROWS = 30.0
"""All other rows together count as so many for a set of columns."""

ENOUGH_ROWS = 150.0
"""So many rows with a set of columns by nature need no others from which columns were hidden."""


@dataclass(frozen=True)
class HeldOutRows:
    """What the mix answered for rows that none of its members had learned from.

    Attributes:
        outputs: float32 ``[row, output]``: canonical.
        truth: As `PredictiveTarget.truth`.
        present: bool ``[row, input]``: which input columns the model saw.
        groups: int ``[row]``: rows of one number are not independent.
        hidden: bool ``[row]``: columns were hidden from the model to see what it does without.
        weights: float ``[row]``: how much each row counts: what is promised is promised of rows
            weighted so. Ones where None is given.
    """

    outputs: np.ndarray
    truth: np.ndarray
    present: np.ndarray
    groups: np.ndarray
    hidden: np.ndarray
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.weights is None:
            object.__setattr__(self, "weights", np.ones(len(self.truth)))

    def take(self, places: np.ndarray) -> HeldOutRows:
        """Return some of the rows."""
        return HeldOutRows(*(array[places] for array in vars(self).values()))

    @classmethod
    def join(cls, parts: Sequence[HeldOutRows]) -> HeldOutRows:
        """Return the rows of all parts."""
        return cls(*map(np.concatenate, zip(*(vars(part).values() for part in parts), strict=True)))


def group_weights(groups: np.ndarray, total: float | None = None) -> np.ndarray:
    """Return weights by which every group counts the same; they sum to `total`, or to the rows."""
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[which]
    return weights * ((len(groups) if total is None else total) / max(weights.sum(), 1e-12))


def own_weights(rows: HeldOutRows, places: np.ndarray) -> np.ndarray:
    """Return the weights of rows with one set of columns: those by nature before those by hiding.

    Columns are seldom missing by chance alone, so hidden ones only fill up to `ENOUGH_ROWS`.
    """
    hidden = rows.hidden[places]
    weights = np.empty(len(places))
    natural = places[~hidden]
    weights[~hidden] = group_weights(rows.groups[natural])
    filling = min(float(hidden.sum()), max(ENOUGH_ROWS - len(natural), 0.0))
    weights[hidden] = group_weights(rows.groups[places[hidden]], filling)
    return weights
