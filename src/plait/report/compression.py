"""Section on compression: every variant's size, time and loss, and why it did not ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.footprint import paid_back_line
from plait.report.front import Place, front_plot
from plait.report.scored import headline_metric
from plait.report.text import DASH, escape, metric, number, percent, section, table
from plait.report.words import word
from plait.types import Html

ENGINES = {"edge": "the edge runtime", "model": "plait with torch"}


def compression(data: Mapping[str, Any]) -> Html:
    """Return what was tried to make the model small, as a plot and a table; "" where nothing."""
    found = data.get("compression") or {}
    variants = found.get("variants") or []
    if not variants:
        return ""
    chosen: Mapping[str, Any] = next((one for one in variants if one.get("chosen")), {})
    whole = variants[0]
    lead = (
        f"'{escape(chosen.get('name', ''))}' ships: {number(whole['mb'] / chosen['mb'])} times "
        f"smaller and {number(whole['ms'] / chosen['ms'])} times quicker than what it was made of. "
        if chosen
        else ""
    )
    limits = "; ".join(found.get("limits") or [])
    return section(
        "Made small",
        _plot(variants),
        table([_row(one) for one in variants]),
        _beside(data),
        _paid_back(found.get("paid_back") or {}),
        lead=lead
        + (f"Asked for: {escape(limits)}. " if limits else "")
        + "Losses are shares of the score of what was compressed: a student's on rows that chose "
        "it, of what is pruned or held in fewer bits on training rows, which it learned from.",
    )


def _plot(variants: Sequence[Mapping[str, Any]]) -> Html:
    """Draw the share of the score that is kept over megabytes."""
    return front_plot(
        [_place(one) for one in variants],
        x_name="megabytes of the bundle",
        y_name="share of the score kept",
        label="Each variant by megabytes and the share of the score that it keeps",
        share=True,
    )


def _place(one: Mapping[str, Any]) -> Place:
    kept = 1.0 - one["loss"]
    title = f"{one['name']}: {number(one['mb'])} MB, {percent(kept)}, {number(one['ms'])} ms"
    return Place(one["mb"], kept, title, chosen=bool(one.get("chosen")))


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    state = "ships" if one.get("chosen") else one.get("dropped") or ""
    return {
        "variant": one["name"],
        "MB": number(one["mb"]),
        "ms a row": number(one["ms"]),
        "ms, slowest in a hundred": number(one["ms_slow"]),
        "answered by": ENGINES.get(str(one.get("engine")), ""),
        "Wh of 1,000 answers": number(one.get("wh_per_1000")),
        "score kept": percent(1.0 - one["loss"]),
        "answers alike": percent(one["agreement"]),
        "on the front": "yes" if one.get("front") else "",
        "": state,
    }


def _beside(data: Mapping[str, Any]) -> Html:
    """Return how what ships does beside what it was made of, on rows that chose nothing."""
    test = (data.get("compression") or {}).get("test") or {}
    if not test:
        return '<p class="none">No rows were set aside to compare it on.</p>'
    name = test.get("metric") or headline_metric(data)
    low, high = (test.get("interval") or [None, None])[:2]
    ends = DASH if low is None else f"{_signed(name, low)} to {_signed(name, high)}"
    return (
        f"<p>On {test['rows']:,} rows of the test: {escape(word(name).name)} "
        f"{metric(name, test['student'])}, of what it was made of "
        f"{metric(name, test['teacher'])}; the difference is {_signed(name, test['gap'])} "
        f"({ends}, 95&nbsp;% interval); {percent(test['agreement'])} of answers alike.</p>"
    )


def _paid_back(told: Mapping[str, Any]) -> Html:
    """Return when what it took is saved again; "" in bundles that do not tell."""
    return f"<p>{escape(paid_back_line(told))}</p>" if told else ""


def _signed(name: str, value: float) -> str:
    shown = metric(name, value)
    return shown if value < 0 else f"+{shown}"
