"""Small plots as inline SVG: dots with intervals, lines, heat maps, scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from plait.report.text import escape, number, percent
from plait.types import Html

WIDTH = 640


def dots(rows: Sequence[dict[str, Any]], *, label: str, low: float, high: float) -> Html:
    """Draw one dot with a whisker per row: ``{"name", "value", "interval", "strong"}``.

    Args:
        rows: From top to bottom.
        label: What the plot shows, for those who cannot see it.
        low, high: Ends of the axis.
    """
    height, left, right = 26 * len(rows) + 30, 190, 70
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return left + (min(max(value, low), high) - low) / span * (WIDTH - left - right)

    parts = [_ticks(x, low, high, height - 22)]
    for place, row in enumerate(rows):
        y = 26 * place + 16
        value, interval = row["value"], list(row.get("interval") or [])
        kind = "strong" if row.get("strong") else "plain"
        name = escape(_cut(row["name"], 30))
        parts.append(
            f'<text class="{kind}" x="{left - 10}" y="{y + 4}" text-anchor="end">{name}</text>'
        )
        if value is None or not math.isfinite(value):
            parts.append(f'<text x="{left}" y="{y + 4}">–</text>')
            continue
        if len(interval) == 2:
            parts.append(
                f'<line class="{kind}" x1="{x(interval[0]):.1f}" x2="{x(interval[1]):.1f}" '
                f'y1="{y}" y2="{y}"/>'
            )
        parts.append(f'<circle class="{kind}" cx="{x(value):.1f}" cy="{y}" r="5"/>')
        parts.append(
            f'<text x="{WIDTH - right + 10}" y="{y + 4}">{row.get("shown", number(value))}</text>'
        )
    return _svg("".join(parts), WIDTH, height, label)


def lines(series: dict[str, Sequence[tuple[float, float]]], *, label: str, x_label: str) -> Html:
    """Draw named lines over a shared x axis, each scaled to the common range."""
    points = [p for line in series.values() for p in line if all(map(_finite, p))]
    if len(points) < 2:
        return '<p class="none">Too few points to draw.</p>'
    height, left, bottom = 240, 50, 30
    x_low, x_high = min(p[0] for p in points), max(p[0] for p in points)
    y_low, y_high = min(p[1] for p in points), max(p[1] for p in points)

    def place(p: tuple[float, float]) -> str:
        x = left + (p[0] - x_low) / ((x_high - x_low) or 1) * (WIDTH - left - 90)
        y = 10 + (y_high - p[1]) / ((y_high - y_low) or 1) * (height - bottom - 20)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<text x="{left - 8}" y="16" text-anchor="end">{number(y_high)}</text>',
        f'<text x="{left - 8}" y="{height - bottom}" text-anchor="end">{number(y_low)}</text>',
        f'<text x="{WIDTH / 2}" y="{height - 4}" text-anchor="middle">{escape(x_label)} '
        f"{number(x_low)} to {number(x_high)}</text>",
    ]
    for i, (name, line) in enumerate(series.items()):
        kept = [place(p) for p in line if all(map(_finite, p))]
        if not kept:
            continue
        parts.append(f'<polyline class="line line{i}" points="{" ".join(kept)}"/>')
        x, y = kept[-1].split(",")
        parts.append(
            f'<text class="line{i}" x="{float(x) + 6}" y="{float(y) + 4}">{escape(name)}</text>'
        )
    return _svg("".join(parts), WIDTH, height, label)


def heat_map(counts: Sequence[Sequence[int]], names: Sequence[str], *, label: str) -> Html:
    """Draw a confusion matrix: rows are the truth, columns the guess, shade the row's share."""
    num = len(counts)
    side = max(7, min(34, 480 // max(num, 1)))
    left, top = 150, 12
    parts = []
    for i, row in enumerate(counts):
        total = sum(row) or 1
        if side >= 11:
            parts.append(
                f'<text x="{left - 8}" y="{top + i * side + side * 0.7:.0f}" '
                f'text-anchor="end">{escape(_cut(names[i], 22))}</text>'
            )
        for j, count in enumerate(row):
            share = count / total
            title = f"{escape(names[i])} taken for {escape(names[j])}: {count} ({percent(share)})"
            kind = "right" if i == j else "wrong"
            parts.append(
                f'<rect class="cell {kind}" x="{left + j * side}" y="{top + i * side}" '
                f'width="{side - 1}" height="{side - 1}" fill-opacity="{0.06 + 0.94 * share:.2f}">'
                f"<title>{title}</title></rect>"
            )
            if side >= 26 and count:
                parts.append(
                    f'<text class="count" x="{left + (j + 0.5) * side:.0f}" '
                    f'y="{top + (i + 0.64) * side:.0f}" text-anchor="middle">{count}</text>'
                )
    size = left + num * side + 10
    return _svg("".join(parts), size, top + num * side + 10, label, fit=False)


def scatter(points: Sequence[Sequence[float]], *, label: str, x_label: str, y_label: str) -> Html:
    """Draw ``[x, y]`` points on equal axes, and the diagonal where both agree."""
    points = [p for p in points if all(map(_finite, p))]
    if not points:
        return '<p class="none">No points to draw.</p>'
    low, high = min(map(min, points)), max(map(max, points))
    span, side = (high - low) or 1.0, 300

    def at(value: float) -> float:
        return 40 + (value - low) / span * side

    parts = [f'<line class="plain" x1="40" y1="{40 + side}" x2="{40 + side}" y2="40"/>']
    for x, y in points:
        parts.append(
            f'<circle class="dot" cx="{at(x):.1f}" cy="{80 + side - at(y):.1f}" r="3">'
            f"<title>{escape(x_label)} {number(x)}, {escape(y_label)} {number(y)}</title></circle>"
        )
    parts.append(
        f'<text x="{40 + side / 2}" y="{side + 66}" text-anchor="middle">{escape(x_label)}, '
        f"{number(low)} to {number(high)}</text>"
    )
    parts.append(f'<text x="34" y="26">{escape(y_label)}</text>')
    return _svg("".join(parts), side + 80, side + 80, label, fit=False)


def _ticks(x: Any, low: float, high: float, bottom: int) -> str:
    parts = []
    for i in range(5):
        value = low + (high - low) * i / 4
        parts.append(
            f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="2" y2="{bottom}"/>'
            f'<text class="tick" x="{x(value):.1f}" y="{bottom + 16}" '
            f'text-anchor="middle">{number(value)}</text>'
        )
    return "".join(parts)


def _svg(inner: str, width: float, height: float, label: str, *, fit: bool = True) -> Html:
    size = "" if fit else f' style="max-width:{width:.0f}px"'
    return (
        f'<svg class="plot" viewBox="0 0 {width:.0f} {height:.0f}" role="img"{size} '
        f'aria-label="{escape(label)}">{inner}</svg>'
    )


def _cut(text: Any, num: int) -> str:
    text = str(text)
    return text if len(text) <= num else text[: num - 1] + "…"


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
