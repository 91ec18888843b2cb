"""What a search asks for, as one vector of the shared space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.table import read
from plait.errors import ColumnError, UsageError, nearest_name
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model


def query_vector(
    model: Model, query: Mapping[str, Cell], weights: Mapping[str, float] | None = None
) -> np.ndarray:
    """Return the unit vector of a query, float32 ``[dim]``; arguments as for `Model.search`."""
    space = model.space
    cells: dict[str, Cell] = {}
    factors: dict[str, float] = {}
    for name, cell in query.items():
        columns = input_columns_named(model, name)
        for column in columns:
            cells[column] = cell
            factors[column] = (weights or {}).get(name, 1.0) / len(columns)
    stray = set(weights or {}) - set(query)
    if not cells or stray:
        raise UsageError(
            "nothing was asked for" if not cells else "a weight belongs to no part of the query",
            expected="a part of the query: " + ", ".join(sorted(_names(model))),
            received=", ".join(sorted(stray)) or None,
            hint='plait search BUNDLE --table TABLE --text "red boot"',
        )
    modalities = {name: _modality(model, name) for name in cells}
    # What is asked for is never passed over, though the bundle may skip cells of tables.
    rows = read([cells], root=Path.cwd(), columns=modalities, on_error="raise")
    vector = model.embed(rows, weights=space_weights(space.input_columns, factors))[0]
    if not np.abs(vector).sum() > 0:
        raise UsageError("the query holds nothing", expected="a value", received=str(dict(query)))
    return vector


def space_weights(
    input_columns: Sequence[str] | Mapping[str, Any], given: Mapping[str, float]
) -> dict:
    """Return a weight per input column: as given, 0 for the others."""
    return {name: given.get(name, 0.0) for name in input_columns}


def input_columns_named(model: Model, name: str) -> list[str]:
    """Return the input column of that name, or all of that modality. Raises `UsageError`."""
    input_columns = model.space.input_columns
    if name in input_columns:
        return [name]
    found = [one for one in input_columns if _modality(model, one) == name]
    if not found:
        close = nearest_name(name, _names(model))
        raise ColumnError(
            f"the shared space has no column or modality '{name}'",
            expected="one of " + ", ".join(sorted(_names(model))),
            received=name,
            hint=f"did you mean '{close}'?" if close else None,
        )
    return found


def _names(model: Model) -> set[str]:
    input_columns = model.space.input_columns
    return {*input_columns, *(_modality(model, one) for one in input_columns)}


def _modality(model: Model, input_column: str) -> str:
    return str(model.shown[input_column].modality)
