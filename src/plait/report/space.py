"""Sections about a shared space as people see it: its map, and what lies nearest to what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.text import DASH, escape, fold, number, plural, scroller, section
from plait.types import Html

NUM_MARKS = 8
"""Colours and shapes that page.css has: ``mark0`` to ``mark7``."""

OPEN_QUERIES = 3
"""Queries per input column that are seen at once; the others unfold."""


def space_map(data: Mapping[str, Any]) -> Html:
    """Return the map: a dot per row and input column; one card per row, shown by hover or focus."""
    found = data.get("map") or {}
    points = found.get("points") or []
    if not points:
        return ""
    names = found["input_columns"]
    by_row: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for point in points:
        by_row[point["row"]].append(point)
    cells = found.get("cells") or {}
    items = "".join(
        _item(row, dots, cells.get(str(row)) or {}, names) for row, dots in by_row.items()
    )
    legend = "".join(
        f'<li><i class="mark mark{place % NUM_MARKS}"></i>{escape(name)}</li>'
        for place, name in enumerate(names)
    )
    hidden = [name for name in input_columns_of(data) if name not in names]
    left_out = f" Not drawn: {escape(', '.join(hidden))}." if hidden else ""
    return section(
        "Map of the space",
        f'<ul class="legend">{legend}</ul><div class="map">{items}</div>',
        f'<p class="none">{len(by_row)} of {number(found.get("rows"))} rows that were not learned '
        f"from, drawn by {escape(found.get('method'))} of their vectors less each column's mean, "
        f"which hides the gap between columns. Near dots count, far ones do not.{left_out}</p>",
        lead="Every row has a dot per column. Point at one, or tap it, to see and hear its row: "
        "the closer its dots, the better its columns found each other.",
    )


def neighbours(data: Mapping[str, Any]) -> Html:
    """Return queries with their nearest items in every other input column, the right one framed."""
    found = data.get("map") or {}
    cells = found.get("cells") or {}
    by_input_column: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for query in found.get("neighbours") or []:
        by_input_column[query["input_column"]].append(query)
    parts = []
    for input_column, queries in by_input_column.items():
        others = [
            name for name in input_columns_of(data) if any(name in q["found"] for q in queries)
        ]
        first, rest = queries[:OPEN_QUERIES], queries[OPEN_QUERIES:]
        parts.append(f"<h3>From {escape(input_column)}</h3>{_grid(first, others, cells)}")
        if rest:
            parts.append(fold(f"{len(rest)} more", _grid(rest, others, cells)))
    if not parts:
        return ""
    return section(
        "Nearest neighbours",
        *parts,
        lead="Rows drawn by lot, not by success. Framed: the item that belongs to the query, or "
        "one equal to it; equal items are shown once. Below: how many rows with another item "
        "came before it, each row counted.",
    )


def _item(
    row: int, points: Sequence[Mapping[str, Any]], cells: Mapping[str, Html], names: Sequence[str]
) -> Html:
    """Return a row's dots, the line between them, and its card, placed at the dot in use."""
    places, dots = [], []
    for point in points:
        kind = names.index(point["input_column"]) % NUM_MARKS
        x, y = f"{100 * point['x']:.1f}%", f"{100 * point['y']:.1f}%"
        places.append(f"--x{kind}:{x};--y{kind}:{y}" + (f";--t{kind}:-100%" * (point["y"] > 0.5)))
        label = escape(f"{point['input_column']} of row {row}")
        dots.append(
            f'<span class="dot mark mark{kind}" style="left:{x};top:{y}" tabindex="0" '
            f'role="img" aria-label="{label}"></span>'
        )
    corners = " ".join(f"{100 * p['x']:.1f},{100 * p['y']:.1f}" for p in points)
    line = (
        '<svg class="tie" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="{corners}" vector-effect="non-scaling-stroke"/></svg>'
        if len(points) > 1
        else ""
    )
    shown = "".join(
        f'<div class="cell-of"><span class="name"><i class="mark mark{names.index(n) % NUM_MARKS}">'
        f"</i>{escape(n)}</span>{html}</div>"
        if n in names
        else f'<div class="cell-of"><span class="name">{escape(n)}</span>{html}</div>'
        for n, html in cells.items()
    )
    return (
        f'<div style="{";".join(places)}">{line}{"".join(dots)}'
        f'<div class="card">{shown}<p class="none">row {row}</p></div></div>'
    )


def _grid(
    queries: Sequence[Mapping[str, Any]],
    others: Sequence[str],
    cells: Mapping[str, Mapping[str, Html]],
) -> Html:
    head = "".join(f'<th scope="col">nearest {escape(name)}</th>' for name in others)
    body_rows = []
    for query in queries:
        asked = (cells.get(str(query["row"])) or {}).get(query["input_column"]) or DASH
        answers = "".join(_answer(name, query["found"].get(name), cells) for name in others)
        body_rows.append(f'<tr><td class="asked">{asked}</td>{answers}</tr>')
    head = f'<thead><tr><th scope="col">query</th>{head}</tr></thead>'
    body = f"{head}<tbody>{''.join(body_rows)}</tbody>"
    width = 130 + 172 * len(others)
    table = f'<table class="near" style="min-width:{width}px">{body}</table>'
    return scroller(table, "Queries and their nearest items")


def _answer(
    name: str, found: Mapping[str, Any] | None, cells: Mapping[str, Mapping[str, Html]]
) -> Html:
    if not found:
        return '<td><p class="none">not in this row</p></td>'
    items = "".join(
        f'<div class="found{" right" if item["right"] else ""}">'
        f"{(cells.get(str(item['row'])) or {}).get(name) or DASH}"
        f"<small>{'✓ ' if item['right'] else ''}{round(item['cosine'], 2) + 0.0:.2f}</small></div>"
        for item in found["items"]
    )
    return f'<td><div class="founds">{items}</div><small>{_place(found)}</small></td>'


def _place(found: Mapping[str, Any]) -> str:
    """Return in words how many rows of other content came before the right item."""
    before = found["rank"] - 1
    among = plural(int(found["among"]), "row")
    return f"after {number(before)} of {among}" if before else f"first of {among}"


def input_columns_of(data: Mapping[str, Any]) -> list[str]:
    """Return the input columns as the model names them; where it does not, as the numbers do."""
    model = data.get("model") or {}
    known = list(model.get("input_columns") or model.get("inputs") or [])
    test = (data.get("metrics") or {}).get("test") or {}
    found = [name for key in test.get("retrieval") or {} for name in key.split("->")]
    found += (data.get("map") or {}).get("input_columns") or []
    return known or list(dict.fromkeys(found))
