"""Small plots as inline SVG: dots with intervals, lines, curves, heat maps, scatter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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


def shaded(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str,
) -> Html:
    """Draw shares in [0, 1] as shaded cells with their percent; None is left empty.

    The full shade is the largest share, or 50 % where all are smaller.
    """
    top_share = max([0.5, *(v for row in values for v in row if v is not None and _finite(v))])
    wide, high, left, top = max(62, min(110, 440 // max(len(columns), 1))), 36, 130, 24
    parts = [
        f'<text class="tick" x="{left + (j + 0.5) * wide:.0f}" y="16" text-anchor="middle">'
        f"{escape(_cut(name, wide // 7))}</text>"
        for j, name in enumerate(columns)
    ]
    for i, row in enumerate(values):
        y = top + i * high
        name = escape(_cut(rows[i], 18))
        parts.append(f'<text x="{left - 8}" y="{y + 22}" text-anchor="end">{name}</text>')
        for j, value in enumerate(row):
            if value is None or not math.isfinite(value):
                continue
            shade = value / top_share
            title = f"{escape(rows[i])} to {escape(columns[j])}: {percent(value)}"
            kind = "count over" if shade > 0.55 else "count"
            parts.append(
                f'<rect class="cell right" x="{left + j * wide}" y="{y}" width="{wide - 2}" '
                f'height="{high - 2}" rx="3" fill-opacity="{0.06 + 0.94 * shade:.2f}">'
                f"<title>{title}</title></rect>"
                f'<text class="{kind}" x="{left + (j + 0.5) * wide:.0f}" y="{y + 22}" '
                f'text-anchor="middle">{100 * value:.1f}</text>'
            )
    size = left + len(columns) * wide + 10
    return _svg("".join(parts), size, top + len(rows) * high + 6, label, fit=False)


def curves(
    series: Mapping[str, Sequence[tuple[float, float, Sequence[float] | None]]],
    *,
    label: str,
    x_label: str,
    share: bool = True,
) -> Html:
    """Draw values over a logarithmic axis: ``name -> (x > 0, value, interval)``.

    Args:
        series: A line each; one of a single point is a dot.
        label: What the plot shows, for those who cannot see it.
        x_label: What the axis counts.
        share: Whether the values are shares in [0, 1], written as percent.
    """
    kept = {
        name: [p for p in line if _finite(p[0]) and _finite(p[1]) and p[0] > 0]
        for name, line in series.items()
    }
    points = [p for line in kept.values() for p in line]
    if not points:
        return '<p class="none">Too few points to draw.</p>'
    height, left, right, bottom = 280, 50, 170, 44
    ends = [end for p in points for end in (p[1], *(p[2] or ()))]
    levels = _share_levels(ends) if share else _levels(ends)
    low, high = levels[0], max(levels[-1], max(ends))
    first, last = (math.log(end(p[0] for p in points)) for end in (min, max))

    def x(value: float) -> float:
        share = (math.log(value) - first) / ((last - first) or 1)
        return left + 12 + share * (WIDTH - left - right - 24)

    def y(value: float) -> float:
        return 10 + (high - value) / ((high - low) or 1) * (height - bottom - 10)

    parts = _across(levels, y, left, WIDTH - right, share)
    for value in _apart(sorted({p[0] for p in points}), x):
        parts.append(
            f'<text class="tick" x="{x(value):.1f}" y="{height - bottom + 18}" '
            f'text-anchor="middle">{number(value)}</text>'
        )
    middle = (left + WIDTH - right) / 2
    parts.append(
        f'<text class="tick" x="{middle:.0f}" y="{height - 6}" text-anchor="middle">'
        f"{escape(x_label)} (logarithmic)</text>"
    )
    shown = percent if share else number
    parts += [_curve(i, line, x, y, shown) for i, line in enumerate(kept.values())]
    finals = {name: y(line[-1][1]) for name, line in kept.items() if line}
    for name, place in _spaced(finals, 16).items():
        kind = f"line{list(kept).index(name) % 4}"
        parts.append(
            f'<text class="{kind}" x="{WIDTH - right + 8}" y="{place + 4:.1f}">'
            f"{escape(_cut(name, 24))}</text>"
        )
    return _svg("".join(parts), WIDTH, height, label)


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


def _share_levels(ends: Sequence[float]) -> list[float]:
    """Return round shares from below the least end up to the greatest, or near it."""
    low, high = math.floor(min(ends) * 10) / 10, min(1.0, math.ceil(max(ends) * 10) / 10)
    step = 0.1 if high - low <= 0.6 else 0.2
    return [low + i * step for i in range(round((high - low) / step) + 1)]


def _levels(ends: Sequence[float]) -> list[float]:
    """Return up to nine round numbers that enclose the ends."""
    low, high = min(ends), max(ends)
    span = (high - low) or abs(high) or 1.0
    unit = 10 ** math.floor(math.log10(span / 3))
    step = next(unit * i for i in (5, 2, 1) if unit * i <= span / 3 or i == 1)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


def _across(
    levels: Sequence[float], y: Callable[[float], float], left: float, right: float, share: bool
) -> list[str]:
    """Return a line across, and its number, for every level."""
    return [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text class="tick" x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">'
        f"{f'{100 * value:.0f} %' if share else number(value)}</text>"
        for value in levels
    ]


def _curve(
    place: int,
    line: Sequence[tuple[float, float, Sequence[float] | None]],
    x: Callable[[float], float],
    y: Callable[[float], float],
    shown: Callable[[float], str],
) -> str:
    """Return a line with a dot and a whisker per point."""
    kind = f"line{place % 4}"
    places = " ".join(f"{x(p[0]):.1f},{y(p[1]):.1f}" for p in line)
    parts = [f'<polyline class="line {kind}" points="{places}"/>']
    for labels, value, interval in line:
        if interval:
            parts.append(
                f'<line class="whisker {kind}" x1="{x(labels):.1f}" x2="{x(labels):.1f}" '
                f'y1="{y(interval[0]):.1f}" y2="{y(interval[1]):.1f}"/>'
            )
        parts.append(
            f'<circle class="{kind}" cx="{x(labels):.1f}" cy="{y(value):.1f}" r="4">'
            f"<title>{number(labels)}: {shown(value)}</title></circle>"
        )
    return "".join(parts)


def _apart(values: Sequence[float], x: Callable[[float], float]) -> list[float]:
    """Return those values whose labels do not run into each other."""
    kept: list[float] = []
    for value in values:
        if not kept or x(value) - x(kept[-1]) >= 36:
            kept.append(value)
    return kept


def _spaced(places: Mapping[str, float], least: float) -> dict[str, float]:
    """Return the places from top to bottom, moved down until none is nearer than `least`."""
    found: dict[str, float] = {}
    last = -math.inf
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        found[name] = last = max(place, last + least)
    return found


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
