"""What a network begins at: a simple model's values of rows, as one more prepared column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import FeatureMap
from plait.data.collation import collate
from plait.data.prepared import Prepared, PreparedColumn
from plait.modalities import Codec, GeneratedTarget, StartingGenerator
from plait.types import Arrays, ColumnBatch, Layout

START = "~start"
"""Name of the column; no column of a table begins so."""


@dataclass(frozen=True)
class Start:
    """A simple model whose values a network begins at.

    Attributes:
        model: Fitted on training rows.
        features: Makes its features.
        codec: Of the target.
    """

    model: StartingGenerator
    features: FeatureMap
    codec: GeneratedTarget

    def beside(self, prepared: Prepared, rows: Sequence[int] | np.ndarray) -> Prepared:
        """Return the columns, and what the model says of these rows."""
        known = np.unique(np.asarray(rows, np.int64))
        said = self.model.answer(self.features.matrices(prepared, known)) if len(known) else []
        return with_start(prepared, self.codec, known, said)

    def left_out(
        self,
        prepared: Prepared,
        matrices: FeatureMatrices,
        targets: Sequence[Arrays],
        others: np.ndarray,
    ) -> Prepared:
        """Return the columns, and what is said of rows: of those that were learned from by fits
        without them, of others by the model.

        Args:
            prepared: The columns.
            matrices: Of the rows that the model was fitted on.
            targets: Their prepared targets.
            others: Further rows.
        """
        said = self.model.left_out(matrices, targets)
        others = np.setdiff1d(others, matrices.rows)
        if len(others):
            said = [*said, *self.model.answer(self.features.matrices(prepared, others))]
        rows = np.concatenate([matrices.rows, others])
        order = np.argsort(rows)
        return with_start(prepared, self.codec, rows[order], [said[int(one)] for one in order])


def with_start(
    prepared: Prepared, codec: GeneratedTarget, rows: np.ndarray, said: Sequence[Arrays]
) -> Prepared:
    """Return the columns, and values of some rows, which ascend, as the column `START`."""
    stands_in = cast("Codec", _Never(codec.layout))
    column = PreparedColumn(stands_in, _Store(codec.layout, prepared.num_rows, rows, said))
    return Prepared({**prepared.columns, START: column}, prepared.num_rows)


@dataclass(frozen=True)
class _Never:
    """Stands in a codec's place: what a network begins at is never varied."""

    layout: Layout

    def augment_batch(self, batch: ColumnBatch, rng: np.random.Generator) -> ColumnBatch:
        return batch


class _Store:
    """Values of some rows."""

    def __init__(
        self, layout: Layout, num_rows: int, rows: np.ndarray, said: Sequence[Arrays]
    ) -> None:
        self._layout, self._rows, self._said = layout, rows, said
        self.num_rows = num_rows
        self.present = np.isin(np.arange(num_rows), rows)
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}

    def row(self, row: int) -> Arrays:
        place = int(np.searchsorted(self._rows, row))
        if place >= len(self._rows) or self._rows[place] != row:
            raise ValueError("a row is asked for of which nothing was said")
        return self._said[place]

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        return collate([self.row(int(row)) for row in rows], self._layout)

    def lengths(self) -> np.ndarray:
        """Return 1 for every row: no batch is put together by it."""
        return np.ones(self.num_rows, np.int64)
