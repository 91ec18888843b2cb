"""A page of search hits: what was asked, and the rows found, as people see and hear them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.data.table import Table, read
from plait.errors import CellError, UsageError
from plait.modalities import Codec, Media
from plait.model.model import Model, load
from plait.model.query import sources_named
from plait.recipes.outputs import check_output
from plait.report.page import page
from plait.report.text import escape
from plait.types import Cell, Html, is_missing
from plait.writing import write_text


def write_search_page(
    bundle: Model | Path | str,
    table: Table | Path | str | None,
    result: Mapping[str, Any],
    query: Mapping[str, Cell],
    out: Path | str,
    *,
    root: Path | str | None = None,
    force: bool = False,
) -> Path:
    """Write the hits of `plait.recipes.search.search` as a self-contained page; return its path.

    Args:
        bundle: The bundle that was searched with.
        table: The table that was searched.
        result: What the search returned.
        query: What was asked.
        out: File to write.
        root: Folder of the media.
        force: Whether a file at `out` is replaced; never the table or the bundle.

    Raises `UsageError` without a table, whose cells the page shows, or when `out` exists.
    """
    place = check_page(bundle, table, out, force=force)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    rows = table if isinstance(table, Table) else read(table, root=root)
    asked = "".join(_asked(model, name, cell) for name, cell in query.items())
    cards = "".join(_card(model, rows, hit) for hit in result["hits"])
    body = (
        '<header><p class="brand">plait</p><h1>search '
        f"<small>the nearest of {result['rows']:,} rows</small></h1>"
        f'<div class="cards asked"><article>{asked}</article></div></header>'
        f'<section><div class="cards">{cards}</div></section>'
    )
    write_text(place, page("search", body))
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


def _asked(model: Model, name: str, cell: Cell) -> Html:
    column = sources_named(model, name)[0]
    return _cell(name, model.shown[column], cell, Media(Path.cwd()))


def _card(model: Model, rows: Table, hit: Mapping[str, Any]) -> Html:
    media, shown = rows.media(), []
    for name in model.inputs:
        if name in rows.column_names:
            shown.append(_cell(name, model.shown[name], rows.column(name, [hit["row"]])[0], media))
    others = [n for n in rows.column_names if n not in model.inputs and n in hit["cells"]]
    plain = ", ".join(f"{n}: {hit['cells'][n]}" for n in others if hit["cells"][n] is not None)
    return (
        f"<article>{''.join(shown)}<p><b>{hit['rank']}.</b> cosine {hit['score']:.2f}</p>"
        f"<p>{escape(plain)}</p></article>"
    )


def _cell(name: str, codec: Codec, cell: Cell, media: Media) -> Html:
    if is_missing(cell):
        return ""
    try:
        raw = codec.read(cell, media)
    except CellError as error:
        return f'<div class="cell-of"><span class="name">{escape(name)}</span>{escape(error)}</div>'
    if raw is None:
        return ""
    return f'<div class="cell-of"><span class="name">{escape(name)}</span>{codec.show(raw)}</div>'
