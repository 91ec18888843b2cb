"""Searches a table with a model: a query's vector, a kept index, and the rows that it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.row_ids import row_ids
from plait.data.table import Table
from plait.model.kept_index import open_index
from plait.model.query import query_vector, warnings_of_query
from plait.progress import Progress
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_SHOWN_CHARACTERS = 80


def search_rows(
    model: Model,
    rows: Table | None,
    query: Mapping[str, Cell],
    *,
    weights: Mapping[str, float] | None,
    top: int,
    where: str | None,
    index: Path | str | None,
    rebuild: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Return the rows nearest to a query; see `plait.model.model.Model.search`."""
    vector = query_vector(model, query, weights)
    opened, place = open_index(model, rows, index, rebuild, progress)
    found = opened.search(vector[None], top, where=where)
    return {
        "hits": _hits(found.ids[0], found.scores[0], rows),
        "query": {name: _short(cell) for name, cell in query.items()},
        "rows": opened.num_rows,
        "index": str(place),
        "warnings": [*warnings_of_query(model, query), *_nothing_found(found.ids[0], where)],
    }


def _nothing_found(ids: Sequence[str], where: str | None) -> list[str]:
    if len(ids):
        return []
    return [f"no row passes the filter: {where}" if where else "no row has anything to search"]


def _hits(ids: Sequence[str], scores: np.ndarray, rows: Table | None) -> list[dict[str, Any]]:
    numbers: dict[str, int] = {}
    if rows is not None:
        numbers = {name: number for number, name in enumerate(row_ids(rows))}
    names = [name.rpartition("|")[0] for name in ids]
    found: list[dict[str, Any]] = []
    for rank, (name, score) in enumerate(zip(names, scores, strict=True), start=1):
        hit: dict[str, Any] = {"rank": rank, "id": name, "score": float(score)}
        if rows is not None:
            hit["row"] = numbers[name]
            hit["cells"] = {
                column: _short(rows.column(column, [numbers[name]])[0])
                for column in rows.column_names
            }
        found.append(hit)
    return found


def _short(cell: Cell) -> str | float | int | bool | None:
    if cell is None or isinstance(cell, int | float | bool):
        return cell
    if isinstance(cell, bytes) or (isinstance(cell, dict) and "bytes" in cell):
        size = len(cell if isinstance(cell, bytes) else cell["bytes"] or b"")
        return f"<{size:,} bytes>"
    text = str(cell)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 3] + "..."
