"""Looks for what tells the target too well, and for columns that are twice there, in few rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.data.leaks import MAX_COMPARED, Leak, find_leaks
from plait.data.schema import Column, make_codec
from plait.data.settling import read_values
from plait.data.table import Table
from plait.errors import CellError, ExtraError
from plait.spacing import evenly_spaced
from plait.types import Cell, is_missing


def suspects(table: Table, inputs: Sequence[str], target: str) -> list[Leak]:
    """Return the leaks of a table's inputs, looked for in up to 8,000 rows; media stay closed.

    A target that is no text, number or label is not guessed from a column.
    """
    if _is_opaque(table.schema[target], table):
        return []
    rows = evenly_spaced(table.num_rows, 2 * MAX_COMPARED)
    media, opaque = table.media(), set()
    columns = {}
    for name in inputs:
        column = table.schema[name]
        cells = _present(table.column(name, rows))
        if _is_opaque(column, table) or any(isinstance(c, bytes | list | dict) for c in cells[:99]):
            opaque.add(name)
        columns[name] = cells if name in opaque else read_values(column, cells, media)
    told = read_values(table.schema[target], _present(table.column(target, rows)), media)
    return find_leaks(columns, told, opaque=frozenset(opaque))


def twins(table: Table, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of columns with the same cells in every row, the first of them first."""
    rows = evenly_spaced(table.num_rows, MAX_COMPARED)
    seen: dict[str, str] = {}
    found = []
    for name in names:
        cells = _present(table.column(name, rows))
        first = seen.setdefault(repr(cells), name)
        if first != name and any(cell is not None for cell in cells):
            found.append((first, name))
    return [pair for pair in found if _same(table, *pair)]


def _same(table: Table, one: str, other: str) -> bool:
    return all(
        _present(cells[one]) == _present(cells[other]) for _, cells in table.batches([one, other])
    )


def _is_opaque(column: Column, table: Table) -> bool:
    """Tell whether cells are names of things that the model sees, and not what it sees."""
    if column.modality is None:
        return True
    codec = make_codec(column)
    try:
        raw = codec.read(codec.example(np.random.default_rng(0)), table.media())
    except (CellError, ExtraError):
        return True
    return not isinstance(raw, str | int | float | tuple)


def _present(cells: Sequence[Cell]) -> list[Cell]:
    return [None if is_missing(cell) else cell for cell in cells]
