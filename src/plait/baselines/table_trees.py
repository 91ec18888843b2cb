"""Boosted trees on the table columns that are read in a moment: numbers, categories, dates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.boosted import Boosted
from plait.baselines.contract import (
    ANY_FORM,
    HeldOutAnswers,
    learnable,
    read_files,
    write_files,
)
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows

INNER = "trees"


class TableTrees:
    """`Boosted` on some columns: strong where these tell the target, and done in a second.

    Args:
        columns: Which.
    """

    name: ClassVar[str] = "trees"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self._columns, self._boosted = tuple(columns), Boosted()

    @property
    def cut_short(self) -> bool:
        """See `Boosted.cut_short`."""
        return self._boosted.cut_short

    @property
    def held_out(self) -> HeldOutAnswers | None:
        """Of the last fit; not saved."""
        return self._boosted.held_out

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        rows = learnable(self, rows).only(self._columns)
        self._boosted.fit(rows, seed=seed, deadline=deadline)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return self._boosted.outputs(matrices.only(self._columns))

    def save(self, folder: Path) -> None:
        """Write the columns into `folder` and the trees into a folder of their own in it."""
        write_files(folder, {"name": self.name, "columns": list(self._columns)}, {})
        self._boosted.save(folder / INNER)

    @classmethod
    def load(cls, folder: Path) -> Self:
        base_model = cls(read_files(folder)[0]["columns"])
        base_model._boosted = Boosted.load(folder / INNER)
        return base_model
