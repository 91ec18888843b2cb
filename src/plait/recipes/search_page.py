"""A page of search hits: what was asked, and the rows found, as people see and hear them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from plait.data.table import Table, read
from plait.errors import CellError, UsageError
from plait.modalities import Codec, Media
from plait.model.loading import load
from plait.model.model import Model
from plait.model.query import input_columns_named, query_vector
from plait.reading import ReadOptions
from plait.recipes.outputs import check_output
from plait.report import render_search
from plait.report.text import escape
from plait.types import Cell, Html, is_missing
from plait.writing import write_text

MAX_BYTES = 6_000_000
"""Past this size of media, further hits are shown by their plain cells."""


def write_search_page(
    bundle: Model | Path | str,
    table: Table | Path | str | None,
    result: Mapping[str, Any],
    query: Mapping[str, Cell],
    out: Path | str,
    *,
    weights: Mapping[str, float] | None = None,
    where: str | None = None,
    force: bool = False,
    **reading: Unpack[ReadOptions],
) -> Path:
    """Write the hits of `plait.recipes.search.search` as a self-contained page; return its path.

    Args:
        bundle: The bundle that was searched with.
        table: The table that was searched.
        result: What the search returned.
        query: What was asked.
        out: File to write.
        weights: Of the parts of the query, as they were given.
        where: The filter, as it was given.
        force: Whether a file at `out` is replaced; never the table or the bundle.
        reading: How the table is read: the arguments of `plait.read`.

    Raises `UsageError` without a table, whose cells the page shows, or when `out` exists.
    """
    place = check_page(bundle, table, out, force=force)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    rows = read(table, **reading)
    parts = score_parts(model, rows, result["hits"], query, weights)
    hits, size = list[dict[str, Any]](), 0
    for hit, part in zip(result["hits"], parts, strict=True):
        hits.append({**hit, **_row(model, rows, hit, media=size < MAX_BYTES), "parts": part})
        size += sum(map(len, hits[-1]["cells"].values()))
    asked = [
        {"name": name, "html": _asked(model, name, cell), "weight": (weights or {}).get(name, 1.0)}
        for name, cell in query.items()
    ]
    found = {"asked": asked, "where": where, "rows": result["rows"], "hits": hits}
    found["warnings"] = result.get("warnings") or []
    write_text(place, render_search(found))
    return Path(out)


def check_page(
    bundle: Model | Path | str,
    table: Table | Path | str | None,
    out: Path | str,
    *,
    force: bool = False,
) -> Path:
    """Return where the page will be written; see `write_search_page` for arguments and errors."""
    if table is None:
        raise UsageError("a page shows the table's rows", expected="--table with --page")
    return check_output(out, table, bundle, force=force)


def score_parts(
    model: Model,
    rows: Table,
    hits: Sequence[Mapping[str, Any]],
    query: Mapping[str, Cell],
    weights: Mapping[str, float] | None = None,
) -> list[dict[str, float]]:
    """Return how much of each hit's cosine its columns give; the parts add up to it.

    A row's vector is the mean of its columns' unit vectors v, scaled to length 1, so that the
    cosine with a query q is the sum of ``q . v / |sum of v|``.
    """
    if not hits:
        return []
    asked = query_vector(model, query, weights)
    shown = rows.take([int(hit["row"]) for hit in hits])
    prepared = model.prepare(model.as_table(shown, on_error="skip"))
    vectors, present = model.space.input_column_vectors(prepared, np.arange(len(hits)))
    total = np.einsum("sr,srd->rd", present.astype(np.float32), vectors)
    length = np.maximum(np.linalg.norm(total, axis=1), 1e-12)
    parts = (vectors @ asked) / length
    names = list(model.space.input_columns)
    return [
        {name: float(parts[s, r]) for s, name in enumerate(names) if present[s, r]}
        for r in range(len(hits))
    ]


def _asked(model: Model, name: str, cell: Cell) -> Html:
    column = input_columns_named(model, name)[0]
    return _shown(model.shown[column], cell, Media(Path.cwd()))


def _row(model: Model, rows: Table, hit: Mapping[str, Any], *, media: bool) -> dict[str, Any]:
    """Return a hit's rendered inputs as ``cells``, and its other cells as text in ``plain``."""
    shown = {}
    if media:
        for name in model.inputs:
            if name in rows.column_names:
                cell = rows.column(name, [hit["row"]])[0]
                shown[name] = _shown(model.shown[name], cell, rows.media())
    others = [n for n in rows.column_names if n not in shown and hit["cells"].get(n) is not None]
    return {
        "cells": {name: html for name, html in shown.items() if html},
        "plain": {name: str(hit["cells"][name]) for name in others},
    }


def _shown(codec: Codec, cell: Cell, media: Media) -> Html:
    if is_missing(cell):
        return ""
    try:
        raw = codec.read(cell, media)
    except CellError as error:
        return escape(error)
    return "" if raw is None else codec.show(raw)
