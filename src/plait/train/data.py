"""What a training run learns from: prepared rows, their truth, and who validates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.data.prepared import Prepared
from plait.modalities import PredictiveTarget


@dataclass(frozen=True, kw_only=True)
class TrainData:
    """Rows to learn from.

    Attributes:
        prepared: Arrays of every row.
        columns: Input columns.
        codec: The target's fitted codec.
        truth: Targets of every row of the table, ``[row]`` or ``[row, label]``.
        rows: Row numbers to train on; all have a target.
        rows_validation: Row numbers to validate on; empty to train without validation.
        weights: float32 of every row of the table: how much it counts; None for the same.
    """

    prepared: Prepared
    columns: tuple[str, ...]
    codec: PredictiveTarget
    truth: np.ndarray
    rows: np.ndarray
    rows_validation: np.ndarray
    weights: np.ndarray | None = None

    def class_weights(self, balance: float | None) -> np.ndarray | None:
        """Return a loss weight per class (mean 1 over rows), or None when all are alike.

        Args:
            balance: Exponent of inverse class frequency; see `TrainConfig.balance`.
        """
        if not self.codec.form.exclusive:
            return None
        labels = self.truth[self.rows]
        counts = np.bincount(labels[labels >= 0]).astype(np.float64)
        counts = counts[counts > 0] if balance is None else np.maximum(counts, 1)
        if balance is None:
            balance = 0.25 if counts.max() > 20 * counts.min() else 0.0
        if balance == 0:
            return None
        full = np.bincount(labels[labels >= 0], minlength=self.num_classes).astype(np.float64)
        weights = np.maximum(full, 1) ** -balance
        return (weights * full.sum() / (weights * full).sum()).astype(np.float32)

    @property
    def num_classes(self) -> int:
        """Number of classes of a classification target."""
        return len(getattr(self.codec, "labels", ()))
