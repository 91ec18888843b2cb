"""What a fitted model does by its shared space: gives rows vectors, and finds the nearest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.prepared import is_worth_keeping
from plait.data.table import read
from plait.listening import heard, listened_if_asked
from plait.model.prepare import in_parts
from plait.progress import Progress
from plait.results import Hits
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model


@listened_if_asked
def embed(
    model: Model,
    rows: Any,
    *,
    weights: Mapping[str, float] | None = None,
    on_error: str | None = None,
    root: Any = None,
    progress: Progress | bool | None = None,
    strict: bool = False,
) -> np.ndarray:
    """Return one unit vector per row, float32 ``[row, dim]``, from whatever columns it has.

    Rows without any input column get zeros.

    Args:
        rows: As for `predict`.
        weights: Column -> weight in the row's mean, 1 by default.
        on_error, root, strict, progress: As for `predict`.
    """
    space, told = model.space, heard(progress)
    table = model.as_table(rows, on_error=on_error, root=root, strict=strict)
    space.weights_of(weights)
    update, done, found = told.task("embedding", table.num_rows), 0, []
    for part in in_parts(model, table, is_worth_keeping(table), told):
        found.append(space.row_vectors(part, np.arange(part.num_rows), weights=weights))
        done += part.num_rows
        update(done)
    return np.concatenate(found)


@listened_if_asked
def search(
    model: Model,
    /,
    rows: Any = None,
    *,
    query: Mapping[str, Cell] | None = None,
    weights: Mapping[str, float] | None = None,
    top: int = 10,
    where: str | None = None,
    index: Path | str | None = None,
    rebuild: bool = False,
    on_error: str | None = None,
    root: Any = None,
    progress: Progress | bool | None = None,
    **named: Cell,
) -> Hits:
    """Return the nearest of `rows`: ``model.search("shop.csv", text="red boot", top=5)``.

    `rows` are a `Table`, what `plait.read` takes, or None with a kept `index`; the other
    arguments, the result and the errors are those of `plait.search`.
    """
    from plait.model.search import search_rows

    table = None if rows is None else read(rows, on_error=on_error, root=root)
    found = search_rows(
        model,
        table,
        {**(query or {}), **named},
        weights=weights,
        top=top,
        where=where,
        index=index,
        rebuild=rebuild,
        progress=heard(progress),
    )
    return Hits(found)
