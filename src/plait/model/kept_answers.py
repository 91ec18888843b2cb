"""Out-of-fold answers of a mix for the rows of its fit: kept in the bundle for students."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import save

from plait.data.row_ids import said_ids
from plait.data.schema import Schema
from plait.data.table import Table
from plait.display import brief
from plait.modalities.forms import OutputForm
from plait.spacing import even_sample

ANSWERS = "answers.safetensors"
"""File of a bundle."""

MOST_CELLS, LEAST_ROWS = 2_000_000, 500
"""Rows times outputs that are kept, evenly spread over those known; no fewer rows."""


@brief
@dataclass(frozen=True)
class KeptAnswers:
    """Out-of-fold answers: of each row by models that did not learn from it.

    A student learns from these; what a model answers for rows that it learned from tells how well
    it knows them by heart.

    Attributes:
        rows: int64 ``[answer]``: row numbers in the table of the fit, as in its splits, ascending.
        outputs: ``[answer, output]``: canonical; float16 where they are probabilities, else
            float32.
        ids: uint64 ``[row of the table of the fit]``: a hash of what its id column says; empty
            where it has none.
    """

    rows: np.ndarray
    outputs: np.ndarray
    ids: np.ndarray

    @classmethod
    def of(
        cls, rows: np.ndarray, outputs: np.ndarray, form: OutputForm, ids: np.ndarray
    ) -> KeptAnswers:
        """Keep what is finite, as small as may be; of very many answers an even sample."""
        known = np.flatnonzero(np.isfinite(outputs).all(axis=1))
        most = max(MOST_CELLS // max(outputs.shape[1], 1), LEAST_ROWS)
        known = even_sample(known, most)
        known = known[np.argsort(rows[known], kind="stable")]
        kept = outputs[known].astype(np.float16 if form.probable else np.float32)
        return cls(rows[known].astype(np.int64), kept, ids)

    def of_rows(self, places: np.ndarray) -> np.ndarray:
        """Return the answers of rows, float32 ``[row, output]``; NaN where none is known.

        Args:
            places: int64 ``[row]``: row numbers in the table of the fit; -1 for rows of none.
        """
        found = np.full((len(places), self.outputs.shape[1]), np.nan, np.float32)
        if len(self.rows):
            at = np.searchsorted(self.rows, places).clip(max=len(self.rows) - 1)
            known = self.rows[at] == places
            found[known] = self.outputs[at[known]]
        return found

    def files(self) -> dict[str, bytes]:
        """Return the files of a bundle: name -> content."""
        arrays = {"rows": self.rows.astype(np.int32), "outputs": self.outputs}
        arrays |= {"ids": self.ids} if len(self.ids) else {}
        return {ANSWERS: save({name: np.ascontiguousarray(a) for name, a in arrays.items()})}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> KeptAnswers:
        """Undo `files`, whose arrays were read."""
        ids = arrays.get("ids", np.zeros(0, np.uint64))
        return cls(arrays["rows"].astype(np.int64), arrays["outputs"], ids)


def id_hashes(table: Table, schema: Schema | None = None) -> np.ndarray:
    """Return a hash of each row's id, uint64 ``[row]``; empty where no column says what it is.

    Args:
        table: The rows.
        schema: Says which column that is, where the table's own does not.
    """
    ids = said_ids(table, schema) or ()
    digests = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids)
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
