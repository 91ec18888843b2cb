"""Boosted trees on the table columns that are read in a moment: numbers, categories, dates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.boosted import Boosted
from plait.baselines.contract import (
    ANY_FORM,
    HeldOut,
    check_form,
    read_files,
    write_files,
)
from plait.baselines.feature_matrices import FeatureMatrices
from plait.modalities import PredictiveTarget

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
    def held_out(self) -> HeldOut | None:
        """Of the last fit; not saved."""
        return self._boosted.held_out

    def fit(
        self,
        matrices: FeatureMatrices,
        truth: np.ndarray,
        codec: PredictiveTarget,
        *,
        seed: int,
        deadline: float | None = None,
    ) -> None:
        check_form(self, codec)
        self._boosted.fit(matrices.only(self._columns), truth, codec, seed=seed, deadline=deadline)

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
