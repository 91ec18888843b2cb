"""Sections that compare: the model beside simple ones, and with columns hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.display import model_name
from plait.report.bars import bars
from plait.report.hero import shipped_name
from plait.report.scored import (
    candidates,
    ends_of,
    headline_metric,
    is_better,
    is_whole,
    shipped_alone,
    test_of,
    value_of,
)
from plait.report.text import (
    DASH,
    between,
    cut,
    escape,
    fold,
    metric,
    number,
    section,
    table,
    term,
)
from plait.report.words import arrow, word
from plait.types import Html

OPEN_ROWS, MAX_ROWS = 10, 60


def comparison(data: Mapping[str, Any]) -> Html:
    """Return the shipped model beside the network and the baselines, best first."""
    name, metrics = headline_metric(data), data.get("metrics") or {}
    shipped = shipped_alone(data)
    alone = next((one for one in candidates(data) if one.get("name") == shipped), {})
    note = shipped_name(metrics) + ("" if is_whole(alone) else ", cut off by the clock")
    rows: list[dict[str, Any]] = [
        {"name": "this model", "note": note, "kind": "strong", "of": {**alone, **test_of(data)}}
    ]
    rows += [
        {
            "name": model_name(one.get("name")),
            "note": "" if is_whole(one) else "cut off by the clock",
            "kind": "plain" if is_whole(one) else "cut",
            "of": one,
        }
        for one in candidates(data)
        if one is not alone
    ]
    rows = [row for row in rows if row["of"].get("metrics")]
    if not rows:
        return section("Beside simple models", '<p class="none">Not measured.</p>')
    drawn = [
        {**row, "value": value_of(row["of"], name), "interval": ends_of(row["of"], name)}
        for row in rows
    ]
    return section(
        "Beside simple models",
        bars(drawn, name, label=f"Every candidate by {word(name).name}"),
        _numbers([(row["name"], row["of"]) for row in rows]),
        lead="All were judged on the same test rows. The bar is the value"
        + (", the line on it the 95 % interval." if any(one["interval"] for one in drawn) else "."),
    )


def subsets(data: Mapping[str, Any]) -> Html:
    """Return the shipped model with columns hidden: each alone, and each missing."""
    found = (data.get("metrics") or {}).get("subsets") or []
    every: Sequence[str] = next((one["columns"] for one in found if one["kind"] == "all"), ())
    if len(every) < 2:
        return ""
    kinds = ("alone", "missing") if len(every) > 2 else ("alone",)
    parts = [_sets(kind, found, every, headline_metric(data)) for kind in kinds]
    return section(
        "What each column adds",
        f'<div class="pair">{"".join(parts)}</div>',
        lead="The same model throughout; only what it is shown changes.",
    )


def _sets(kind: str, found: Sequence[Mapping[str, Any]], every: Sequence[str], name: str) -> Html:
    """Return the sets of columns of one kind, and which were left out for want of time."""
    alone = kind == "alone"
    title = "Only one column shown" if alone else "One column hidden"
    scored = {
        (one["columns"][0] if alone else _gone(every, one["columns"])): one
        for one in found
        if one["kind"] == kind
    }
    rows = [_subset(f"{'' if alone else 'without '}{of}", one, name) for of, one in scored.items()]
    rows = _sorted(rows, name, alone)
    whole = [_subset("all columns", one, name, "strong") for one in found if one["kind"] == "all"]
    open_rows, rest = rows[:OPEN_ROWS], rows[OPEN_ROWS:MAX_ROWS]
    inner = bars([*whole, *open_rows], name, label=title) if rows else ""
    if rest:
        inner += fold(f"{len(rest)} more of {len(rows):,}", bars(rest, name, label=title))
    if late := [column for column in every if column not in scored]:
        some = ", ".join(late[:OPEN_ROWS]) + (", ..." if len(late) > OPEN_ROWS else "")
        told = f"Left out for want of time, {len(late)} of {len(every)}: {some}."
        inner += f'<p class="none">{escape(told)}</p>'
    return f"<div><h3>{title}</h3>{inner}</div>"


def _gone(every: Sequence[str], kept: Sequence[str]) -> str:
    known = set(kept)
    return next((name for name in every if name not in known), "")


def _subset(title: str, one: Mapping[str, Any], name: str, kind: str = "plain") -> dict[str, Any]:
    value, ends = value_of(one, name), ends_of(one, name)
    return {"name": cut(title, 60), "value": value, "interval": ends, "kind": kind}


def _sorted(rows: Sequence[dict[str, Any]], name: str, best_first: bool) -> list[dict[str, Any]]:
    """Order by value: what helps most stands first, alone or by being missed."""
    known = [row for row in rows if row["value"] is not None]
    lower = word(name).better == "lower"
    known.sort(key=lambda row: row["value"], reverse=best_first != lower)
    return known + [row for row in rows if row["value"] is None]


def _numbers(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Html:
    """Return all metrics of all candidates, intervals beneath, the best of each in bold."""
    names = list(dict.fromkeys(name for _, one in rows for name in one.get("metrics") or {}))
    best = {}
    for name in names:
        known = [value for _, one in rows if (value := value_of(one, name)) is not None]
        if known and word(name).better:
            best[name] = min(known) if word(name).better == "lower" else max(known)
    lines = []
    for title, one in rows:
        line: dict[str, Any] = {"model": escape(title)}
        for name in names:
            value, ends = value_of(one, name), ends_of(one, name)
            shown = escape(metric(name, value))
            if value is not None and name in best and not is_better(name, best[name], value):
                shown = f"<b>{shown}</b>"
            spread = f"<small>{between(name, ends)}</small>" if ends is not None else ""
            line[name] = f'<span class="value">{shown}{spread}</span>'
        seconds = one.get("seconds")
        line["seconds"] = DASH if seconds is None else number(float(seconds))
        lines.append(line)
    heads = {name: f"{term(name)} {arrow(name)}" for name in names}
    raw = ["model", *names]
    return table(lines, raw=raw, heads=heads, caption="All metrics", kind="plain values")
