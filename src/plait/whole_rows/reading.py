"""Reads a table's columns as values that whole rows are made of, and settles how each is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.data.decoding import placed, read_cell
from plait.data.schema import Column, Schema
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import Codec, traits_of, traits_of_modality
from plait.whole_rows.bins import Bins
from plait.whole_rows.columns import CodedColumn, Labels, LabelSets, Numbers
from plait.whole_rows.written import writing_of


def can_be_drawn(column: Column) -> bool:
    """Tell whether whole rows have a column: one of amounts, moments or labels."""
    if column.role != "value" or column.modality is None:
        return False
    traits = traits_of_modality(column.modality)
    return traits.amount or traits.labels


def left_out(schema: Schema) -> dict[str, str]:
    """Return the columns that whole rows do not have -> why."""
    return {
        column.name: f"a {column.modality}"
        if column.role == "value" and column.modality is not None
        else column.why
        for column in schema.columns
        if not can_be_drawn(column)
    }


def read_raws(
    table: Table, codecs: Mapping[str, Codec], rows: Sequence[int] | np.ndarray
) -> dict[str, list[Any]]:
    """Return column -> what its codec reads in some rows, None where missing.

    Raises `CellError` for a cell that cannot be read, unless the table's policy skips these.
    """
    found = {}
    media = table.media()
    for name, codec in codecs.items():
        known: dict[Any, Any] = {}
        values = []
        for row, cell in zip(rows, table.column(name, rows), strict=True):
            key = (type(cell), cell) if isinstance(cell, str | int | float) else None
            if key is None or key not in known:
                try:
                    raw = read_cell(codec, cell, media)
                except CellError as error:
                    if not table.policy.skips:
                        raise placed(error, name, int(row)) from None
                    raw = None
                if key is not None:
                    known[key] = raw
            values.append(raw if key is None else known[key])
        found[name] = values
    return found


def coded(codec: Codec, cells: Sequence[Any], raws: Sequence[Any]) -> CodedColumn | None:
    """Return how a column is told in codes; None where no row has a value.

    Args:
        codec: Of the column.
        cells, raws: Of training rows, and what they were read as.
    """
    there = [raw for raw in raws if raw is not None]
    if not there:
        return None
    if traits_of(codec).amount:
        values = np.array([float(raw) for raw in there])
        writing = writing_of(cells, raws, moment=traits_of(codec).moment)
        return Numbers(bins=Bins.of(values), writing=writing)
    if isinstance(there[0], tuple):
        return LabelSets.of(raws, cells)
    return Labels.of(raws, cells)
