"""What a person asks in one row: cells by the names of columns, or of modalities."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from plait.data.table import Table, read
from plait.errors import CellError, ColumnError, nearest_name
from plait.modalities import modalities
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model


def columns_named(
    model: Model, name: str, columns: Collection[str], who: str, option: str
) -> list[str]:
    """Return the column of that name, or all of that modality.

    Args:
        model: Its bundle's.
        name: Of a column, or of a modality.
        columns: Those that may be asked.
        who: Has the columns, for the error: ``the shared space``.
        option: By which any column is named, for the error: ``--query``.

    Raises:
        ColumnError: There is none.
    """
    if name in columns:
        return [name]
    found = [one for one in columns if modality_of(model, one) == name]
    if not found:
        known = names_of(model, columns)
        close = nearest_name(name, known)
        other = f"{who} reads no {name}: fit it with --columns COLUMN={name}, or ask by "
        other += f"{option} COLUMN=VALUE"
        raise ColumnError(
            f"{who} has no column or modality '{name}'",
            expected="one of " + ", ".join(sorted(known)),
            received=name,
            hint=f"did you mean '{close}'?" if close else other if name in modalities() else None,
        )
    return found


def names_of(model: Model, columns: Collection[str]) -> set[str]:
    """Return the names by which columns may be asked: their own, and those of modalities."""
    return {*columns, *(modality_of(model, one) for one in columns)}


def modality_of(model: Model, column: str) -> str:
    """Return the modality of an input column."""
    return str(model.shown[column].modality)


def asked_row(model: Model, cells: Mapping[str, Cell]) -> Table:
    """Return cells as a table of one row, their files beside the working directory.

    What is asked is never passed over, though the bundle may skip cells of tables.
    """
    kinds = {name: modality_of(model, name) for name in cells}
    return read([dict(cells)], root=Path.cwd(), columns=kinds, on_error="raise")


def of_call(error: CellError) -> CellError:
    """Return the error of a cell that was asked for: a wrong call, in no row."""
    error.row, error.hint = None, "mend what is asked for"
    error.of_call()
    return error
