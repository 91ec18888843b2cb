"""The simplest base model: how often each class occurs, or mean and quantiles of the numbers."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import (
    ANY_FORM,
    check_form,
    known_rows,
    mean_by,
    num_outputs,
    read_files,
    write_files,
)
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.residuals import LEVELS, quantiles
from plait.modalities import PredictiveTarget


class Majority:
    """Gives every row the same outputs: training frequencies, or mean and quantiles."""

    name: ClassVar[str] = "majority"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._row = np.zeros(0, np.float32)

    def fit(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        *,
        seed: int,
        deadline: float | None = None,
    ) -> None:
        """Count. Half a row per class is added, so that nothing is impossible."""
        check_form(self, codec)
        matrices, truth = known_rows(matrices, truth, codec)
        if not codec.form.probable:
            row = np.concatenate(
                [[mean_by(truth, matrices.weights)], quantiles(truth, LEVELS, matrices.weights)]
            )
        else:
            num = num_outputs(codec, truth)
            heavy = None if matrices.weights is None else matrices.weights / matrices.weights.mean()
            if codec.form.exclusive:
                counts = np.bincount(truth, heavy, minlength=num).astype(np.float64)
            else:
                counts = (truth if heavy is None else truth * heavy[:, None]).sum(axis=0)
            counts = counts + 0.5
            row = counts / (counts.sum() if codec.form.exclusive else len(truth) + 1)
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
