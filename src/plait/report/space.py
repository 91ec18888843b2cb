"""Sections about a shared space: its map, what finds what, and how it was learned."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.plots import curves, lines, shaded
from plait.report.text import DASH, SHARES, escape, number, percent, section, table
from plait.types import Html

NUM_MARKS = 8
"""Colours and shapes that page.css has: ``mark0`` to ``mark7``."""

CHANCE = "R@1, 5, 10 by chance"

OPEN_QUERIES = 3
"""Queries per source that are seen at once; the others unfold."""


def space_map(data: Mapping[str, Any]) -> Html:
    """Return the map: a dot per row and source; one card per row, shown by hover or focus."""
    found = data.get("map") or {}
    points = found.get("points") or []
    if not points:
        return ""
    names = found["sources"]
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
    hidden = [name for name in _sources(data) if name not in names]
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
    """Return queries with their nearest items in every other source, the right one framed."""
    found = data.get("map") or {}
    cells = found.get("cells") or {}
    by_source: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for query in found.get("neighbours") or []:
        by_source[query["source"]].append(query)
    parts = []
    for source, queries in by_source.items():
        others = [name for name in _sources(data) if any(name in q["found"] for q in queries)]
        first, rest = queries[:OPEN_QUERIES], queries[OPEN_QUERIES:]
        parts.append(f"<h3>From {escape(source)}</h3>{_grid(first, others, cells)}")
        if rest:
            more = _grid(rest, others, cells)
            parts.append(f"<details><summary>{len(rest)} more</summary>{more}</details>")
    if not parts:
        return ""
    return section(
        "Nearest neighbours",
        *parts,
        lead="Rows drawn by lot, not by success. Framed: the item that belongs to the query. "
        "Below: where that one came, among all items of the column.",
    )


def alignment_matrix(data: Mapping[str, Any]) -> Html:
    """Return recall among the first ten from every source to every other, and all numbers."""
    test = (data.get("metrics") or {}).get("test") or {}
    found = test.get("retrieval") or {}
    if not found:
        return ""
    known = _sources(data)
    names = [a for a in known if any({f"{a}->{b}", f"{b}->{a}"} & found.keys() for b in known)]
    values = [[(found.get(f"{a}->{b}") or {}).get("r@10") for b in names] for a in names]
    parts = [
        "<h3>Found among the first ten</h3>",
        shaded(values, names, names, label="R@10 from every column to every other"),
        table([_numbers(key, one) | {CHANCE: _chance(one)} for key, one in found.items()]),
    ]
    if test.get("by_present"):
        several = [_numbers(key, one) for key, one in test["by_present"].items()]
        title = "Asked by several columns at once"
        parts.append(f"<details><summary>{title}</summary>{table(several)}</details>")
    return section(
        "What finds what",
        *parts,
        lead="Rows of the matrix ask, columns answer: the share of queries whose own item, or one "
        "of equal content, is among the first ten.",
    )


def label_efficiency(data: Mapping[str, Any]) -> Html:
    """Return the score by number of labels, a line per way to learn; "" when not measured."""
    found = (data.get("metrics") or {}).get("label_efficiency") or {}
    points = sorted(found.get("points") or [], key=lambda point: point["labels"])
    if not points:
        return ""
    series: dict[str, list[tuple[float, float, Sequence[float] | None]]] = defaultdict(list)
    for point in [*points, *filter(None, [found.get("shipped")])]:
        series[point["name"]].append((point["labels"], point["value"], point.get("interval")))
    name = str(found["metric"]).replace("_", " ")
    lower = "; lower is better" if found.get("lower_is_better") else ""
    drawn = curves(
        series,
        label=f"{name} by number of labels",
        x_label="labels",
        share=found["metric"] in SHARES,
    )
    return section(
        "What the labels buy",
        f"<h3>{escape(name)}{lower}</h3>{drawn}",
        f'<p class="none">{escape(_how_measured(found))}</p>',
        lead=_sentence(found.get("said") or ""),
    )


def learning(data: Mapping[str, Any]) -> Html:
    """Return which losses were measured and kept, whether vectors collapsed, and the curve."""
    metrics = data.get("metrics") or {}
    parts = []
    if metrics.get("trials"):
        parts += ["<h3>Which losses help</h3>", table([_trial(one) for one in metrics["trials"]])]
    if metrics.get("collapse"):
        parts.append(f"<h3>Has it collapsed?</h3><p>{_spread(metrics['collapse'])}</p>")
    parts += _curves(metrics.get("curve") or [])
    if metrics.get("training"):
        parts.append(table([metrics["training"]]))
    notes = "".join(f"<li>{escape(note)}</li>" for note in metrics.get("notes") or [])
    if notes:
        parts.append(f"<h3>To know</h3><ul>{notes}</ul>")
    return section("How the space was learned", *parts) if parts else ""


def _how_measured(found: Mapping[str, Any]) -> str:
    """Return what the curves are of, and what their bars mean."""
    said = f"Judged on the same {number(found.get('rows'))} rows, none of them learned from. "
    if found.get("learner"):
        said += (
            "Both lines are simple models of nested parts of the training rows: linear on the "
            f"columns' own features, and {found['learner']}, chosen by validation rows. "
        )
    most = max(point["labels"] for point in found["points"])
    if most < (found.get("num_labels") or 0):
        said += f"{number(most)} of {number(found['num_labels'])} labels were used, to save time. "
    if not any(point.get("interval") for point in found["points"]):
        return said + "A dot is one draw of labels."
    return said + "Dots are the mean of several draws of labels, bars go from lowest to highest."


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _item(
    row: int, points: Sequence[Mapping[str, Any]], cells: Mapping[str, Html], names: Sequence[str]
) -> Html:
    """Return a row's dots, the line between them, and its card, placed at the dot in use."""
    places, dots = [], []
    for point in points:
        kind = names.index(point["source"]) % NUM_MARKS
        x, y = f"{100 * point['x']:.1f}%", f"{100 * point['y']:.1f}%"
        places.append(f"--x{kind}:{x};--y{kind}:{y}" + (f";--t{kind}:-100%" * (point["y"] > 0.5)))
        label = escape(f"{point['source']} of row {row}")
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
    head = "".join(f"<th>nearest {escape(name)}</th>" for name in others)
    body_rows = []
    for query in queries:
        asked = (cells.get(str(query["row"])) or {}).get(query["source"]) or DASH
        answers = "".join(_answer(name, query["found"].get(name), cells) for name in others)
        body_rows.append(f'<tr><td class="asked">{asked}</td>{answers}</tr>')
    body = f"<thead><tr><th>query</th>{head}</tr></thead><tbody>{''.join(body_rows)}</tbody>"
    width = 150 * (len(others) + 1)
    return f'<div class="wide"><table class="near" style="min-width:{width}px">{body}</table></div>'


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
    rank = f"right one: {number(found['rank'])} of {number(found['among'])}"
    return f'<td><div class="founds">{items}</div><small>{rank}</small></td>'


def _numbers(key: str, one: Mapping[str, Any]) -> dict[str, str]:
    return {
        "query → item": key.replace("->", " → "),
        "R@1": percent(one.get("r@1")),
        "R@5": percent(one.get("r@5")),
        "R@10": percent(one.get("r@10")),
        "median rank": number(one.get("median_rank")),
        "queries": number(one.get("n")),
    }


def _chance(one: Mapping[str, Any]) -> str:
    """Return what guessing reaches, k / n, among as many items as there are queries."""
    among = one.get("n") or 0
    if not among:
        return DASH
    return ", ".join(f"{100 * min(1.0, k / among):.1f}" for k in (1, 5, 10)) + " %"


def _trial(one: Mapping[str, Any]) -> dict[str, Any]:
    cost = one.get("cost")
    known = isinstance(cost, int | float) and math.isfinite(cost)
    return {
        "losses": one["recipe"],
        "mean reciprocal rank": f"{1 - cost:.3f}" if known and cost is not None else DASH,
        "used": "yes" if one.get("chosen") else "",
    }


def _curves(curve: Sequence[Mapping[str, Any]]) -> list[Html]:
    """Return the loss over time, and what validation rows said.

    That is 1 - mean reciprocal rank; below 0 it is minus the spread of the vectors, where no two
    sources occur together (see `plait.train.shared.Shared.cost`).
    """
    loss = [(p["seconds"], p["loss"]) for p in curve if p.get("loss") is not None]
    costs = [(p["seconds"], p["validation"]) for p in curve if p.get("validation") is not None]
    alone = any(cost < 0 for _, cost in costs)
    name = "Spread of the vectors" if alone else "Mean reciprocal rank"
    said = [(seconds, -cost if alone else 1 - cost) for seconds, cost in costs]
    parts = []
    for title, line in (("Training loss", loss), (f"{name} on validation rows", said)):
        if len(line) > 1:
            drawn = lines({"": line}, label=f"{title} over time", x_label="seconds")
            parts += [f"<h3>{title}</h3>", drawn]
    return parts


def _spread(collapse: Mapping[str, Any]) -> str:
    std, rank = collapse.get("std"), collapse.get("rank")
    return (
        f"{escape(collapse.get('said') or '')} The vectors of different rows spread by "
        f"{number(std)} (1 fills the sphere, 0 is a single point) and use {number(rank)} "
        "independent directions (1 is a line)."
    )


def _sources(data: Mapping[str, Any]) -> list[str]:
    """Return the sources as the model names them; where it does not, as the numbers do."""
    model = data.get("model") or {}
    known = list(model.get("sources") or model.get("inputs") or [])
    test = (data.get("metrics") or {}).get("test") or {}
    found = [name for key in test.get("retrieval") or {} for name in key.split("->")]
    found += (data.get("map") or {}).get("sources") or []
    return known or list(dict.fromkeys(found))
