"""A derived column: a text as the mean of its words' vectors, of a table that an encoder made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.entries import column_key
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.modalities import Codec
from plait.modalities.text.word_vectors import WordVectors
from plait.modalities.vector.codec import VectorCodec
from plait.model.derived_columns import ColumnFromPrepared
from plait.types import Arrays

MOST_FIT_ROWS = 5000
"""Texts by which the vectors are standardised, at most."""

WORDS = "words"
"""The kind of these columns, and the folder of a bundle that keeps their tables."""


class WordColumn(ColumnFromPrepared):
    """The mean of the words of an input column's texts.

    A pretrained encoder of texts knows what words mean; a table of the words that it was asked for,
    once, tells much of that without it (Tulkens and van Dongen 2024, "Model2Vec").

    Args:
        input_column: Of texts.
        table: Vectors of words.
        codec: How the means are laid out and standardised; None until they are known.
    """

    kind = WORDS

    def __init__(
        self, input_column: str, table: WordVectors, codec: VectorCodec | None = None
    ) -> None:
        self.input_column, self.table = input_column, table
        self.column = f"{input_column}~{WORDS}"
        self.codec: Codec = codec or VectorCodec(dim=table.dim, num_tokens=1)

    @classmethod
    def fitted(
        cls, input_column: str, table: WordVectors, prepared: Prepared, rows: np.ndarray
    ) -> WordColumn:
        """Return a derived column whose vectors are standardised by those of training rows."""
        first = cls(input_column, table)
        cells = first.values(prepared, rows[:MOST_FIT_ROWS])
        plain = VectorCodec(dim=table.dim, num_tokens=1)
        codec = plain.fit(one["vectors"].astype(np.float32) for one in cells if one is not None)
        return cls(input_column, table, codec)

    def facts(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "column": self.column,
            "of": self.input_column,
            "file": f"{WORDS}/{self.table.key}.safetensors",
        }

    def files(self) -> dict[str, bytes]:
        """Return its table; columns of the same encoder share one."""
        return {self.facts()["file"]: self.table.data}

    @classmethod
    def load(cls, facts: Mapping[str, Any], bundle: Path, codec: Codec) -> WordColumn:
        """Rebuild a derived column from a bundle whose hashes were checked."""
        table = WordVectors.load(bundle / WORDS / Path(str(facts["file"])).name)
        return cls(str(facts["of"]), table, codec if isinstance(codec, VectorCodec) else None)

    def key_of(self, table: Table, prepared: Prepared) -> str:
        codec = prepared.columns[self.input_column].codec
        return f"{self.table.key} {column_key(table, self.input_column, codec)}"

    def values(self, prepared: Prepared, rows: np.ndarray) -> list[Arrays | None]:
        column = prepared.columns[self.input_column]
        return [None if cell is None else self._value(cell) for cell in (column[r] for r in rows)]

    def _value(self, cell: Arrays) -> Arrays:
        vector = self.table.mean(cell["bytes"].tobytes().decode())
        return {"vectors": vector[None].astype(np.float16)}
