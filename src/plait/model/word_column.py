"""A derived column: a text as the mean of its words' vectors, of a table that an encoder made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from plait.data.entries import column_key
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.display import brief
from plait.modalities import Codec
from plait.modalities.vector.codec import VectorCodec
from plait.model.derived_columns import ColumnFromPrepared
from plait.packing import pack, unpack
from plait.types import Arrays

WORDS = "words"
"""The kind of these columns, and the folder of a bundle that keeps their tables."""

BITS = 4
"""Of a number: means of words are as good by four bits as by sixteen (docs/log.md, 2026-12-01)."""

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case.

    >>> words_of("Red boot, size 9")
    ['red', 'boot', 'size', '9']
    """
    return _WORD.findall(text.lower())


@brief
@dataclass(frozen=True)
class WordVectors:
    """Vectors of words.

    Attributes:
        words: In lower case, none twice.
        packed: Their vectors, float32 ``[word, dim]``, as `plait.packing.pack` holds them.
    """

    words: tuple[str, ...]
    packed: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, words: Sequence[str], vectors: np.ndarray) -> WordVectors:
        """Return a table of words, whose vectors are held in few bits from now on."""
        return cls(tuple(words), pack({WORDS: vectors.astype(np.float32)}, BITS))

    @cached_property
    def vectors(self) -> np.ndarray:
        """float32 ``[word, dim]``."""
        return unpack(dict(self.packed))[WORDS]

    @property
    def dim(self) -> int:
        """Numbers of a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def data(self) -> bytes:
        """The table as a file."""
        named = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        return save({**self.packed, "names": named})

    @cached_property
    def key(self) -> str:
        """Names its content."""
        return hashlib.sha256(self.data).hexdigest()[:16]

    def mean(self, text: str) -> np.ndarray:
        """Return the mean vector of a text's words, float32 ``[dim]``; of those in the table.

        Zeros, the vector of no word in particular, where it has none of them.
        """
        rows = [self._places[word] for word in words_of(text) if word in self._places]
        return self.vectors[rows].mean(0) if rows else np.zeros(self.dim, np.float32)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    @classmethod
    def load(cls, path: Path) -> WordVectors:
        """Read a table. Raises `ValueError` where it is none."""
        arrays = load_file(path)
        named = arrays.pop("names", np.zeros(0, np.uint8))
        found = cls(tuple(named.tobytes().decode().split("\n")), arrays)
        if found.vectors.ndim != 2 or len(found.vectors) != len(found.words):
            raise ValueError(f"{len(found.words)} words with vectors {found.vectors.shape}")
        return found


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
