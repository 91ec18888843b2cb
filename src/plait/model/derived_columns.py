"""Derived columns: vectors that something trained elsewhere makes of an input column."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from plait.data.building import Writer
from plait.data.cache import cache_folder, new_entry
from plait.data.entries import column_key, open_column
from plait.data.held import HeldStore
from plait.data.pages import PageBudget
from plait.data.prepared import Prepared, PreparedColumn
from plait.data.ragged import ColumnWriter
from plait.data.table import Table
from plait.errors import TableError
from plait.modalities import Codec
from plait.modalities.vector.codec import VectorCodec
from plait.model.shared_space import SharedSpace
from plait.types import SPACE_MARK, Arrays

CHUNK_ROWS = 1024

BACKBONE = "backbone"
"""The kind of columns that pretrained encoders make."""


class DerivedColumn(Protocol):
    """A column made of an input column: its values are vectors, made once and kept in the cache."""

    @property
    def column(self) -> str:
        """Name of the column of vectors."""

    @property
    def input_column(self) -> str:
        """Name of the input column that it reads."""

    @property
    def codec(self) -> Codec:
        """A ``vector`` codec: how the values are laid out."""

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells of it."""

    def files(self) -> dict[str, bytes]:
        """Return its files in a bundle: name -> content."""

    def read(
        self,
        table: Table,
        prepared: Prepared,
        *,
        progress: Callable[[int], object] | None,
        keep: bool = True,
    ) -> PreparedColumn:
        """Return the column of a table's rows.

        Args:
            table: The rows, and how unreadable cells are taken.
            prepared: Their columns so far, those of the input column among them.
            progress: Told how many rows are done.
            keep: Whether the values go into the cache; else they are held in memory.
        """


def with_derived_columns(
    derived_columns: Iterable[DerivedColumn],
    table: Table,
    prepared: Prepared,
    *,
    progress: Callable[[str, float], Callable[..., object]],
    keep: bool = True,
) -> Prepared:
    """Return the prepared columns, and derived ones of the input columns that the table has.

    Args:
        derived_columns: In the order in which they can be read.
        table: The rows.
        prepared: Their other columns.
        keep: See `DerivedColumn.read`.
        progress: Opens a task: `plait.progress.Progress.task`.
    """
    for derived in derived_columns:
        if derived.input_column in table.column_names:
            update = progress(f"reading {derived.column}", table.num_rows)
            column = derived.read(table, prepared, progress=update, keep=keep)
            columns = {**prepared.columns, derived.column: column}
            prepared = Prepared(columns, prepared.num_rows)
        else:
            prepared = prepared.with_empty({derived.column: derived.codec})
    return prepared


class ColumnFromPrepared(ABC):
    """A derived column of which every value is computed from the row's prepared columns."""

    column: str
    input_column: str
    codec: Codec

    @abstractmethod
    def key_of(self, table: Table, prepared: Prepared) -> str:
        """Return what names the values of a table's rows: equal names, equal values."""

    @abstractmethod
    def values(self, prepared: Prepared, rows: np.ndarray) -> list[Arrays | None]:
        """Return the values of some rows; None where the input column has none."""

    def read(
        self,
        table: Table,
        prepared: Prepared,
        *,
        progress: Callable[[int], object] | None,
        keep: bool = True,
    ) -> PreparedColumn:
        """Return the vectors: from the cache, or made now. See `DerivedColumn.read`."""
        if not keep:
            store = HeldStore(self.codec.layout)
            self._write(store, prepared, progress)
            return PreparedColumn(self.codec, store)
        how = "skip" if table.policy.skips else "raise"
        text = " ".join([self.column, how, self.key_of(table, prepared)])
        folder, name = cache_folder("vectors"), hashlib.sha256(text.encode()).hexdigest()[:40]
        found = open_column(folder / name, self.codec, PageBudget())
        if found is None:
            with new_entry(folder, name) as entry, ColumnWriter(entry, self.codec.layout) as writer:
                self._write(writer, prepared, progress)
            found = open_column(folder / name, self.codec, PageBudget())
        if found is None:
            raise TableError("the cache was changed while it was written", path=folder)
        return found

    def _write(
        self, writer: Writer, prepared: Prepared, progress: Callable[[int], object] | None
    ) -> None:
        for first in range(0, prepared.num_rows, CHUNK_ROWS):
            rows = np.arange(first, min(first + CHUNK_ROWS, prepared.num_rows))
            writer.append(self.values(prepared, rows))
            if progress is not None:
                progress(int(rows[-1]) + 1)
        writer.close({"bad": [], "num_bad": 0})


class SpaceColumn(ColumnFromPrepared):
    """An input column's vectors in a base's shared space.

    Args:
        space: The base's space.
        input_column: One of its input columns.
    """

    kind = "space"

    def __init__(self, space: SharedSpace, input_column: str) -> None:
        self.space, self.input_column = space, input_column
        self.column = input_column + SPACE_MARK
        self.codec: Codec = VectorCodec(dim=space.dim, num_tokens=1)

    def facts(self) -> dict[str, Any]:
        return {"kind": self.kind, "input_column": self.input_column}

    def files(self) -> dict[str, bytes]:
        """Return nothing: the bundle holds the space already."""
        return {}

    def key_of(self, table: Table, prepared: Prepared) -> str:
        columns = self.space.input_columns[self.input_column]
        keys = [column_key(table, self.input_column, self.space.codecs[name]) for name in columns]
        return " ".join([self.space.key, *keys])

    def values(self, prepared: Prepared, rows: np.ndarray) -> list[Arrays | None]:
        vectors, present = self.space.vectors_of(self.input_column, prepared, rows)
        half = vectors.astype(np.float16)
        return [{"vectors": half[i, None]} if there else None for i, there in enumerate(present)]
