"""Decodes a table's columns: once into a memory-mapped cache, or for few rows into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plait.data.absent import EmptyStore
from plait.data.building import Build
from plait.data.cache import cache_folder
from plait.data.entries import PreparedColumn as PreparedColumn
from plait.data.entries import Progress, column_key, open_column
from plait.data.fingerprints import fingerprints as fingerprints
from plait.data.fitting import fit_codecs as fit_codecs
from plait.data.held import HeldStore
from plait.data.pages import PageBudget
from plait.data.table import Table
from plait.display import brief
from plait.errors import TableError
from plait.modalities import Codec

HELD_ROWS, FEW_ROWS = 4096, 256


@brief
@dataclass(frozen=True)
class Prepared:
    """A table's columns, prepared.

    Attributes:
        columns: Column name -> its values.
        num_rows: As in the table.
    """

    columns: dict[str, PreparedColumn]
    num_rows: int
    bad: list[dict[str, Any]] = field(init=False)
    """Cells that were skipped, of all columns; at most 1,000 of each."""

    def __post_init__(self) -> None:
        bad = [cell for column in self.columns.values() for cell in column.bad]
        object.__setattr__(self, "bad", bad)

    def with_empty(self, codecs: Mapping[str, Codec]) -> Prepared:
        """Return these and further columns that no row has a value in."""
        empty = {
            n: PreparedColumn(c, EmptyStore(c.layout, self.num_rows)) for n, c in codecs.items()
        }
        return Prepared({**self.columns, **empty}, self.num_rows)

    @property
    def num_bad(self) -> dict[str, int]:
        """Column name -> how many of its cells could not be read, where any."""
        return {name: c.num_bad for name, c in self.columns.items() if c.num_bad}


def prepare_table(
    table: Table,
    codecs: Mapping[str, Codec],
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Return the columns' prepared values: from the cache, or decoded now.

    Args:
        table: The rows; where its policy skips, an unreadable cell counts as missing and is
            recorded.
        codecs: Column name -> fitted codec.
        cache: The cache's root; default as in `plait.data.cache.default_cache`.
        progress: Called after every batch.

    Raises:
        CellError: The first unreadable cell, with column and row, unless skipped.
        TableError: No such column.
        StorageError: The cache cannot be written.
    """
    folder = cache_folder("prepared", cache)
    names = {name: column_key(table, name, codec) for name, codec in codecs.items()}
    budget = PageBudget()
    found = {n: open_column(folder / names[n], codec, budget) for n, codec in codecs.items()}
    todo = {
        name: codecs[name]
        for name, column in found.items()
        if column is None or (column.num_bad and not table.policy.skips)
    }
    if todo:
        build = Build(table, todo)
        build.run({name: (folder, names[name]) for name in todo}, progress)
    columns = {}
    for name, codec in codecs.items():
        column = open_column(folder / names[name], codec, budget) if name in todo else found[name]
        if column is None:
            raise TableError("the cache was changed while it was written", path=folder)
        columns[name] = column
    return Prepared(columns, table.num_rows)


def prepare_rows(
    table: Table,
    codecs: Mapping[str, Codec],
    *,
    progress: Progress | None = None,
) -> Prepared:
    """Return the columns' prepared values, decoded now and held in memory: nothing is written.

    Arguments and errors as of `prepare_table`, whose values these are.
    """
    stores = {name: HeldStore(codec.layout) for name, codec in codecs.items()}
    if codecs:
        build = Build(table, codecs)
        build.fill(stores, progress)
    columns = {name: PreparedColumn(codec, stores[name]) for name, codec in codecs.items()}
    return Prepared(columns, table.num_rows)


def is_worth_keeping(table: Table) -> bool:
    """Tell whether a table's prepared values belong into the cache, to be found again.

    What a person holds in memory stays there, up to `HELD_ROWS` rows; of a file's, `FEW_ROWS` are
    decoded sooner than their entries are opened. None are where the table's policy keeps nothing.
    """
    return table.policy.keep and table.num_rows > (HELD_ROWS if table.in_memory else FEW_ROWS)
