"""The page of an inspected table: what each column is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.modalities import traits_of_modality
from plait.report.chart import histogram
from plait.report.dates import dated
from plait.report.hero import warned
from plait.report.making import glossary, share_drawn
from plait.report.page import page
from plait.report.palette import shade_of
from plait.report.text import (
    cut,
    escape,
    fold,
    is_number,
    number,
    percent,
    plural,
    section,
    table,
)
from plait.report.words import TERMS
from plait.types import Html

AXES = {"image": {"axis 0": "height", "axis 1": "width"}, "audio": {"axis 0": "samples"}}
COUNTED = "Rows count from 0, without the header."
MAX_CARDS, MAX_ROWS, MAX_CLASSES = 60, 200, 30

FITTING, FITTING_WIDE = 10, 24
"""Letters of a label that have room beside its bar: in a card, over the width of the page."""


def render_inspection(found: Mapping[str, Any], pictured: Mapping[str, Any]) -> Html:
    """Return the page of `plait.data.checks.Inspection.to_dict`.

    Args:
        found: What was found.
        pictured: What is drawn, as from `plait.recipes.inspect_page.picture`: ``examples``,
            ``values``, ``missing``, ``unreadable`` and ``twins``; whatever is absent is not drawn.
    """
    title = str(found.get("name") or "table")
    body = "".join(
        [
            _header(found, title),
            section("Columns", _cards(found, pictured), _every(found)),
            _gaps(pictured.get("missing") or {}),
            _unreadable(found, pictured.get("unreadable") or {}),
            _classes(found),
            _leaks(found),
            _twins(found, pictured.get("twins") or []),
        ]
    )
    return page(f"{title} – inspected", body + glossary(body))


def _header(found: Mapping[str, Any], title: str) -> Html:
    columns, target = found.get("columns") or [], found.get("target")
    warnings = [str(one) for one in found.get("warnings") or []]
    goal = f" Target: <b>{escape(target)}</b>." if target is not None else ""
    rows, seen = found.get("num_rows"), found.get("num_scanned")
    part = f" {number(seen)} of them were looked at." if is_number(seen) and seen != rows else ""
    return (
        f'<header class="hero"><p class="brand">plait</p><h1>{escape(title)} '
        f'<small class="from">{number(rows)} rows, {plural(len(columns), "column")}.{part}{goal}'
        f"</small></h1>{warned([cut(text, 300) for text in warnings])}</header>"
    )


def _cards(found: Mapping[str, Any], pictured: Mapping[str, Any]) -> Html:
    columns = found.get("columns") or []
    leaks = {one.get("column") for one in found.get("leaks") or []}
    first = sorted(columns, key=lambda one: one.get("name") != found.get("target"))
    cards = "".join(
        _card(one, found, pictured, one.get("name") in leaks) for one in first[:MAX_CARDS]
    )
    left = len(columns) - MAX_CARDS
    note = f'<p class="none">In the list below: {plural(left, "more column")}.</p>'
    note = note if left > 0 else ""
    return f'<div class="columns">{cards}</div>{note}'


def _card(
    column: Mapping[str, Any], found: Mapping[str, Any], pictured: Mapping[str, Any], leaks: bool
) -> Html:
    name = column["name"]
    is_target = name == found.get("target")
    badges = _kind(column)
    badges += ' <span class="badge">target</span>' * is_target
    badges += ' <span class="badge bad">leak?</span>' * leaks
    unreadable = column.get("num_unreadable") or 0
    facts = [
        f"{number(column.get('num_distinct'))} distinct",
        f"{percent(column.get('share_missing'))} missing",
        *([f"<b>{unreadable:,} unreadable</b>"] if unreadable else []),
    ]
    said = "".join(f"<span>{fact}</span>" for fact in facts)
    drawn = _drawn(name, (pictured.get("values") or {}).get(name), _unit(column))
    # Labels and numbers are drawn already.
    values = (pictured.get("values") or {}).get(name) or {}
    known = values.get("items") or values.get("of") == "value"
    shown = "" if known else "".join((pictured.get("examples") or {}).get(name) or [])
    examples = f'<div class="examples">{shown}</div>' if shown else ""
    kind = ' class="is-target"' if is_target else ""
    return (
        f"<article{kind}><h3>{escape(name)} {badges}</h3>"
        f'<div class="facts">{said}</div>{drawn}{examples}'
        f'<p class="foot">{escape(column.get("why") or "")}</p></article>'
    )


def _kind(column: Mapping[str, Any]) -> Html:
    kind = column.get("modality") or column.get("role") or ""
    return f'<span class="kind">{escape(kind)}</span>'


def _drawn(name: str, values: Mapping[str, Any] | None, unit: str = "") -> Html:
    """Return the histogram of a column's numbers or sizes, or its most frequent labels."""
    if not values:
        return ""
    what = f"value, {unit}" if unit and values.get("of") == "value" else str(values.get("of"))
    counts = [count for count in values.get("counts") or [] if count]
    if len(counts) == 1:
        low, high = values["edges"][0], values["edges"][-1]
        said = dated if values["of"] == "date" else number
        return f"<p>always {said((low + high) / 2)} ({escape(what)})</p>"
    if values.get("edges"):
        inner = histogram(
            values["edges"], values["counts"], label=f"{name}: {what}",
            x_name=what, height_px=84, dates=values["of"] == "date",
        )  # fmt: skip
        return inner.replace('class="chart', 'class="chart small', 1)
    return counts_drawn(values.get("items") or [], values.get("others") or 0)


def counts_drawn(items: Sequence[Sequence[Any]], others: int = 0, *, wide: bool = False) -> Html:
    """Return labels with a bar from zero and their number of rows; whole where they begin alike.

    Args:
        items: Label and count of each.
        others: Rows of labels that are not shown.
        wide: Over the width of the page, not of a card.
    """
    if not items:
        return ""
    begun = {str(label)[: FITTING_WIDE if wide else FITTING] for label, _ in items}
    kind = "counts" + " wide" * wide + " long" * (len(begun) < len(items))
    top = max(max(count for _, count in items), 1)
    shown = "".join(
        f'<li><span title="{escape(label)}">{escape(label)}</span><span class="track strong" '
        f'aria-hidden="true"><i class="fill" style="left:0;width:{100 * count / top:.1f}%"></i>'
        f"</span><span>{count:,}</span></li>"
        for label, count in items
    )
    more = f'<li><span class="none">others</span><span></span><span>{others:,}</span></li>'
    return f'<ul class="{kind}">{shown}{more if others else ""}</ul>'


def _every(found: Mapping[str, Any]) -> Html:
    columns = found.get("columns") or []
    rows = [
        {
            "column": escape(cut(one["name"], 80))
            + ' <span class="badge">target</span>' * (one["name"] == found.get("target")),
            "is": _kind(one),
            "missing": share_drawn(one.get("share_missing")),
            "distinct": one.get("num_distinct"),
            "unreadable": one.get("num_unreadable") or 0,
            "sizes": _sizes(one),
            "why": one.get("why") or "",
        }
        for one in columns[:MAX_ROWS]
    ]
    inner = table(rows, raw=["column", "is", "missing"], caption="All columns")
    if len(columns) > MAX_ROWS:
        left = plural(len(columns) - MAX_ROWS, "further column")
        inner += f'<p class="none">Not listed: {left}.</p>'
    return fold(f"All columns as a list, {len(columns):,}", inner)


def _sizes(column: Mapping[str, Any]) -> str:
    named = AXES.get(str(column.get("modality")), {"axis 0": "length", "axis 1": "width"})
    said = dated if traits_of_modality(column.get("modality")).moment else number
    unit = _unit(column)
    unit = f" {unit}" if unit else ""
    return ", ".join(
        f"{named.get(name, name)} {said(float(ends[0]))} to {said(float(ends[1]))}{unit}"
        for name, ends in (column.get("sizes") or {}).items()
        if name != "axis 2" and isinstance(ends, list | tuple) and len(ends) == 2
    )


def _unit(column: Mapping[str, Any]) -> str:
    """Return the unit that a column's numbers are read in; empty where they have none."""
    return str((column.get("reading") or {}).get("unit") or "")


def _gaps(missing: Mapping[str, Any]) -> Html:
    """Return the map of what is missing: a line per column, from the first row to the last."""
    lines = missing.get("columns") or []
    if not lines:
        return section("What is missing", '<p class="none">Nothing is missing.</p>')
    rows = "".join(
        f'<span class="of" title="{escape(one["name"])}">{escape(one["name"])}</span>'
        f'<span class="strip" '
        f'role="img" aria-label="{percent(one["share"])} missing">'
        + "".join(
            f'<i class="w{shade_of(share)}" title="{percent(share)} missing"></i>'
            for share in one["blocks"]
        )
        + f'</span><span class="share">{percent(one["share"])}</span>'
        for one in lines
    )
    ends = (
        f'<span></span><span class="gap-axis"><span>row 0</span><span>row '
        f"{max((missing.get('rows') or 1) - 1, 0):,}</span></span><span></span>"
    )
    whole = missing.get("whole") or 0
    lead = "The darker, the more of these rows lack the column; from the first row to the last. "
    lead += COUNTED
    note = f'<p class="none">{plural(whole, "column")} without a gap.</p>' if whole else ""
    return section("What is missing", f'<div class="gaps">{rows}{ends}</div>', note, lead=lead)


def _unreadable(
    found: Mapping[str, Any], unreadable: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Html:
    rows, counts = [], {c["name"]: c.get("num_unreadable") or 0 for c in found.get("columns") or []}
    for column in found.get("columns") or []:
        name, error = column["name"], column.get("first_error")
        listed = unreadable.get(name) or ([error] if error else [])
        rows += [{"column": name, "row": e.get("row"), "why": e.get("error")} for e in listed]
    if not rows:
        return ""
    total = sum(counts.values())
    known = sum(row["row"] is not None for row in rows)
    lead = f"The first {known} of {total:,}. " if known < total else ""
    lead += COUNTED
    return section("Cells that cannot be read", table(rows, caption="Unreadable"), lead=lead)


def _classes(found: Mapping[str, Any]) -> Html:
    counts = list((found.get("class_counts") or {}).items())
    if not counts:
        return ""
    shown, rest = counts[:MAX_CLASSES], counts[MAX_CLASSES:]
    others = sum(count for _, count in rest)
    title = plural(len(counts), "class", "classes") + f" of {found.get('target') or 'the target'}"
    drawn = counts_drawn(shown, others, wide=True)
    return section("Rows per class", drawn, lead=title)


def _leaks(found: Mapping[str, Any]) -> Html:
    leaks = found.get("leaks") or []
    if not leaks:
        return ""
    rows = [
        {"column": one.get("column"), "tells": percent(one.get("score")), "why": one.get("reason")}
        for one in leaks
    ]
    inner = table(rows, caption="Suspected leaks")
    return section("Columns that give the target away", inner, lead=TERMS["leak"])


def _twins(found: Mapping[str, Any], twins: Sequence[Mapping[str, Any]]) -> Html:
    duplicates, same = found.get("duplicates") or [], found.get("identical_columns") or []
    if not duplicates and not same:
        return ""
    parts = [f"<p>Identical columns: {escape(' = '.join(pair))}.</p>" for pair in same]
    shown = {one.get("column"): one for one in twins}
    for fact in duplicates:
        where = "all columns" if fact.get("column") == "*" else str(fact.get("column"))
        said = (
            f"{number(fact.get('num_rows'))} rows in {plural(fact.get('num_groups') or 0, 'group')}"
        )
        if fact.get("num_conflicting"):
            said += f"; in {plural(fact['num_conflicting'], 'group')} their targets differ"
        parts.append(f"<h3>Alike in {escape(where)}</h3><p>{said}. The first group:</p>")
        sides = "".join(
            f"<div><b>row {number(side['row'])}</b>"
            + "".join(
                f'<div class="cell-of"><span class="name">{escape(name)}</span>{html}</div>'
                for name, html in side["cells"].items()
            )
            + "</div>"
            for side in (shown.get(fact.get("column")) or {}).get("rows") or []
        )
        numbers = ", ".join(number(row) for row in (fact.get("rows") or [])[:12])
        parts.append(f'<div class="twins">{sides}</div>' if sides else f"<p>Rows {numbers}.</p>")
    return section("Near-duplicates", *parts, lead=COUNTED)
