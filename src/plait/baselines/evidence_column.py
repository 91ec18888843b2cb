"""A table's evidence as one more prepared column, which loaders give beside the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from plait.baselines.evidence import Evidence
from plait.data.prepared import Prepared, PreparedColumn
from plait.modalities import Codec
from plait.types import Arrays, ArraySpec, ColumnBatch, Layout

EVIDENCE = "~evidence"
"""Name of the column; no column of a table begins so."""


@dataclass(frozen=True)
class EvidenceLayout:
    """Stands in a codec's place: what the column's arrays are.

    Attributes:
        num_columns, num_components, num_scores: Sizes of the parts.
    """

    num_columns: int
    num_components: int
    num_scores: int

    @property
    def layout(self) -> Layout:
        return {
            "components": ArraySpec((self.num_columns, self.num_components), "float32"),
            "scores": ArraySpec((self.num_columns, self.num_scores), "float32"),
        }

    def augment_batch(self, batch: ColumnBatch, rng: np.random.Generator) -> ColumnBatch:
        """Return the batch: evidence is never varied."""
        return batch


class EvidenceStore:
    """Makes the evidence of rows when they are asked for; that of known rows is made once.

    Args:
        evidence: Fitted.
        prepared: Where the columns' values are.
        known: Ascending rows to make at once; None for none.
        left_out: Whether known rows that were learned from are answered by a fit without them.
    """

    def __init__(
        self,
        evidence: Evidence,
        prepared: Prepared,
        known: np.ndarray | None,
        *,
        left_out: bool = False,
    ) -> None:
        self._evidence, self._prepared, self._known = evidence, prepared, known
        self.num_rows = prepared.num_rows
        self.present = np.ones(prepared.num_rows, bool)
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}
        self._made = None if known is None else evidence.arrays(prepared, known, left_out=left_out)

    def row(self, row: int) -> Arrays | None:
        """Return one row's arrays."""
        batch = self.gather(np.array([row]))
        return {name: part[0] for name, part in batch.parts.items()}

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as a batch."""
        if self._made is None or self._known is None:
            components, scores = self._evidence.arrays(self._prepared, rows)
        else:
            places = np.minimum(np.searchsorted(self._known, rows), len(self._known) - 1)
            if (self._known[places] != rows).any():
                raise ValueError("rows are asked for whose evidence was not made")
            components, scores = (array[places] for array in self._made)
        parts = {"components": components, "scores": scores}
        return ColumnBatch(parts, {}, self.present[rows])

    def lengths(self) -> np.ndarray:
        """Return 1 for every row: nothing is ragged."""
        return np.ones(self.num_rows, np.int64)


def beside(
    evidence: Evidence | None,
    prepared: Prepared,
    *,
    known: np.ndarray | None = None,
    left_out: bool = False,
) -> Prepared:
    """Return the columns and their evidence; the columns alone where there is none.

    Args:
        evidence: Fitted, or None.
        prepared: The columns.
        known: All rows that are asked for, made at once; None makes rows when they are asked for.
        left_out: Whether a network learns from them: each is answered by a fit without it.
    """
    if evidence is None:
        return prepared
    rows = None if known is None else np.unique(known)
    sizes = EvidenceLayout(len(evidence.columns), evidence.num_components, 2 * evidence.num_outputs)
    column = PreparedColumn(
        cast("Codec", sizes), EvidenceStore(evidence, prepared, rows, left_out=left_out)
    )
    return Prepared({**prepared.columns, EVIDENCE: column}, prepared.num_rows)
