"""The simplest base model: how often each class occurs, or mean and quantiles of the numbers."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import ANY_FORM, learnable, read_files, write_files
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import LEVELS
from plait.baselines.weighted_statistics import mean_by, quantiles


class Majority:
    """Gives every row the same outputs: training frequencies, or mean and quantiles."""

    name: ClassVar[str] = "majority"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._row = np.zeros(0, np.float32)

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Count. Half a row per class is added, so that nothing is impossible."""
        rows = learnable(self, rows)
        truth, heavy = rows.truth, rows.weights
        if not rows.form.probable:
            row = np.concatenate([[mean_by(truth, heavy)], quantiles(truth, LEVELS, heavy)])
        else:
            heavy = None if heavy is None else heavy / heavy.mean()
            if rows.form.exclusive:
                counts = np.bincount(truth, heavy, minlength=rows.num_outputs).astype(np.float64)
            else:
                counts = (truth if heavy is None else truth * heavy[:, None]).sum(axis=0)
            counts = counts + 0.5
            row = counts / (counts.sum() if rows.form.exclusive else len(rows) + 1)
        self._row = row.astype(np.float32)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return np.tile(self._row, (len(matrices), 1))

    def save(self, folder: Path) -> None:
        write_files(folder, {"name": self.name}, {"row": self._row})

    @classmethod
    def load(cls, folder: Path) -> Self:
        base_model = cls()
        base_model._row = read_files(folder)[1]["row"]
        return base_model
