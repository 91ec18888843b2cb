"""Rows of bars from zero with their intervals, in plain boxes: the text keeps its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.report.axis import Axis, make_axis
from plait.report.text import DASH, between, escape, interval_of, is_number, metric
from plait.report.words import arrow, direction, named_in_unit, word
from plait.types import Html


def bars(rows: Sequence[Mapping[str, Any]], name: str, *, label: str = "") -> Html:
    """Draw one bar per row: ``{"name", "value", "interval", "kind", "note"}``.

    Args:
        rows: From top to bottom; ``kind`` is ``strong``, ``plain`` or ``cut`` (hatched), ``note``
            stands under the name.
        name: Of the metric; shares run from 0 to 100 %.
        label: What the bars show, for those who cannot see them.
    """
    axis = axis_of(rows, name)
    zero = axis.at(0.0)
    items = "".join(_row(row, name, axis, zero) for row in rows)
    ticks = "".join(
        f'<span style="left:{100 * axis.at(tick):.2f}%">{axis.written(tick)}</span>'
        for tick in axis.ticks
    )
    head = f"{named_in_unit(name)} {arrow(name)}".strip()
    way = direction(name)
    return (
        f'<figure class="bars" aria-label="{escape(label or head)}">'
        f'<figcaption class="axis-name">{escape(head)}{", " * bool(way)}{escape(way)}</figcaption>'
        f"<ul>{items}</ul>"
        f'<div class="bar-axis" aria-hidden="true"><span class="ticks along">{ticks}</span></div>'
        "</figure>"
    )


def axis_of(rows: Sequence[Mapping[str, Any]], name: str) -> Axis:
    """Return the axis of bars: 0 to 100 % for shares, else from zero to beyond the largest."""
    if word(name).share:
        return Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0), share=True)
    ends = [
        end
        for row in rows
        for end in (row.get("value"), *(interval_of(row.get("interval")) or ()))
        if is_number(end)
    ]
    if name in ("r2", "auc"):
        return make_axis([max(-1.0, end) for end in ends] + [1.0], zero=True, num=4)
    return make_axis(ends, zero=True, num=4)


def _row(row: Mapping[str, Any], name: str, axis: Axis, zero: float) -> Html:
    value, ends = row.get("value"), interval_of(row.get("interval"))
    kind = row.get("kind") or "plain"
    drawn = ""
    if is_number(value):
        place = axis.at(value)
        left, width = min(place, zero), abs(place - zero)
        drawn = f'<i class="fill" style="left:{100 * left:.2f}%;width:{100 * width:.2f}%"></i>'
        if ends is not None:
            low, high = axis.at(ends[0]), axis.at(ends[1])
            drawn += (
                f'<i class="range" style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%">'
                "</i>"
            )
    shown = escape(metric(name, value)) if is_number(value) else DASH
    spread = f"<small>{between(name, ends)}</small>" if ends is not None else ""
    note = f"<small>{escape(row['note'])}</small>" if row.get("note") else ""
    return (
        f'<li class="{kind}"><span class="bar-name">{escape(row["name"])}{note}</span>'
        f'<span class="track" aria-hidden="true">{drawn}</span>'
        f'<span class="bar-value">{shown}{spread}</span></li>'
    )
