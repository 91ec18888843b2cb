"""What a search asks for, as one vector of the shared space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.errors import CellError, UsageError
from plait.modalities import Media
from plait.model.asked import asked_row, columns_named, names_of, of_call
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_NAMED = 10
"""Labels of a column that are listed where one is asked for that it does not know."""


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
            expected="a part of the query: "
            + ", ".join(sorted(names_of(model, space.input_columns))),
            received=", ".join(sorted(stray)) or None,
            hint='plait search BUNDLE --table TABLE --text "red boot"',
        )
    vector = _vector_of(model, cells, space_weights(space.input_columns, factors))
    if not np.abs(vector).sum() > 0:
        asked = ", ".join(f"{name}={cell}" for name, cell in query.items())
        raise UsageError("the query holds nothing", expected="a value", received=asked)
    return vector


def _vector_of(model: Model, cells: Mapping[str, Cell], weights: Mapping[str, float]) -> np.ndarray:
    """Return the vector of cells that are asked for; one that cannot be read is a wrong call."""
    try:
        return model.embed(asked_row(model, cells), weights=weights)[0]
    except CellError as error:
        raise of_call(error) from None


def warnings_of_query(model: Model, query: Mapping[str, Cell]) -> list[str]:
    """Return what to know of a query: its columns' place in the space, and labels never seen."""
    asked = {c: cell for name, cell in query.items() for c in input_columns_named(model, name)}
    return [
        *model.space.warnings_of(list(asked)),
        *(said for column, cell in asked.items() for said in _unseen(model, column, cell)),
    ]


def _unseen(model: Model, column: str, cell: Cell) -> list[str]:
    codec: Any = model.shown[column]
    if not hasattr(codec, "unseen") or not isinstance(cell, str):
        return []
    raw = codec.read(cell, Media(Path.cwd()))
    labels = () if raw is None else codec.unseen(raw)
    names = getattr(codec, "labels", ())
    known = ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
    return [
        f"the space learned of no '{label}' in column '{column}', so that it finds nothing in "
        f"particular{f'; known are {known}' if known else ''}"
        for label in labels
    ]


def space_weights(
    input_columns: Sequence[str] | Mapping[str, Any], given: Mapping[str, float]
) -> dict:
    """Return a weight per input column: as given, 0 for the others."""
    return {name: given.get(name, 0.0) for name in input_columns}


def input_columns_named(model: Model, name: str) -> list[str]:
    """Return the space's input column of that name, or all of that modality."""
    return columns_named(model, name, model.space.input_columns, "the shared space", "--query")
