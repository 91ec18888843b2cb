"""Charts as a frame of text around inline SVG: sizes of type stay, only the plane stretches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plait.report.axis import Axis, make_axis
from plait.report.dates import dated, time_axis
from plait.report.text import cut, escape, is_number, number, percent, plural
from plait.types import Html

SIDE = 1000
"""Both axes of the plane run from 0 to this in SVG units; strokes do not scale."""

LABEL_SPACE_PX = 16
Point = Sequence[float]
NOTHING = '<p class="none">Too few points to draw.</p>'


@dataclass
class Chart:
    """A frame with ticks and names, into which layers are drawn from back to front.

    Attributes:
        x, y: Axes.
        label: What the chart shows, in a sentence, for those who cannot see it.
        height_px: Of the plane; 0 makes it a square.
    """

    x: Axis
    y: Axis
    label: str
    height_px: int = 0
    layers: list[Html] = field(default_factory=list)
    texts: list[Html] = field(default_factory=list)

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through ``(x, y)`` points."""
        places = " ".join(f"{self._x(p[0]):.1f},{self._y(p[1]):.1f}" for p in points)
        self.layers.append(f'<polyline class="line {kind}" points="{places}"/>')

    def dot(self, x: float, y: float, kind: str, title: str = "") -> None:
        """Draw a dot that stays round, with a tooltip."""
        told = f"<title>{escape(title)}</title>" if title else ""
        path = f"M{self._x(x):.1f} {self._y(y):.1f}h.01"
        self.layers.append(f'<path class="dot {kind}" d="{path}">{told}</path>')

    def whisker(self, x: float, low: float, high: float, kind: str) -> None:
        """Draw an interval of y at x."""
        place = f"M{self._x(x):.1f} {self._y(low):.1f}V{self._y(high):.1f}"
        self.layers.append(f'<path class="whisker {kind}" d="{place}"/>')

    def bar(self, low: float, high: float, value: float, kind: str, title: str = "") -> None:
        """Draw a bar from zero over ``[low, high]`` of x."""
        left, right = self._x(low), self._x(high)
        top, base = self._y(value), self._y(max(0.0, self.y.low))
        told = f"<title>{escape(title)}</title>" if title else ""
        gap = min(4.0, 0.1 * (right - left))
        self.layers.append(
            f'<rect class="bar {kind}" x="{left + gap:.1f}" y="{top:.1f}" '
            f'width="{max(right - left - 2 * gap, 1):.1f}" '
            f'height="{max(base - top, 0):.1f}">{told}</rect>'
        )

    def end_labels(self, names: Mapping[str, tuple[float, str]]) -> None:
        """Write names at the right edge, moved apart: name -> (y, kind)."""
        height = self.height_px or 300
        last = -LABEL_SPACE_PX
        for name, (y, kind) in sorted(names.items(), key=lambda item: -item[1][0]):
            last = max(last + LABEL_SPACE_PX, round((1 - self.y.at(y)) * height))
            self.texts.append(
                f'<span class="end {kind}" style="top:{last}px">{escape(cut(name, 24))}</span>'
            )

    def html(self) -> Html:
        """Return the chart."""
        gutter = max((len(self.y.written(tick)) for tick in self.y.ticks), default=1)
        grid = "".join(
            f'<path class="grid" d="M0 {self._y(tick):.1f}H{SIDE}"/>' for tick in self.y.ticks
        )
        grid += "".join(
            f'<path class="grid" d="M{self._x(tick):.1f} 0V{SIDE}"/>' for tick in self.x.ticks
        )
        up = "".join(
            f'<span style="bottom:{100 * self.y.at(t):.2f}%">{self.y.written(t)}</span>'
            for t in self.y.ticks
        )
        along = "".join(
            f'<span style="left:{100 * self.x.at(t):.2f}%">{self.x.written(t)}</span>'
            for t in self.x.ticks
        )
        size = f"height:{self.height_px}px" if self.height_px else "aspect-ratio:1"
        ends = " with-ends" if self.texts else ""
        log = ", logarithmic"
        return (
            f'<figure class="chart{ends}" style="--gutter:{gutter + 1}ch" role="img" '
            f'aria-label="{escape(self.label)}">'
            f'<p class="axis-name up">{escape(self.y.name)}{log * self.y.log}</p>'
            f'<div class="box"><div class="ticks up">{up}</div>'
            f'<div class="plane" style="{size}"><svg viewBox="0 0 {SIDE} {SIDE}" '
            f'preserveAspectRatio="none" aria-hidden="true">{grid}{"".join(self.layers)}</svg>'
            f'{"".join(self.texts)}</div><div class="ticks along">{along}</div></div>'
            f'<p class="axis-name along">{escape(self.x.name)}{log * self.x.log}</p></figure>'
        )

    def _x(self, value: float) -> float:
        return SIDE * self.x.at(value)

    def _y(self, value: float) -> float:
        return SIDE * (1 - self.y.at(value))


def lines(series: Mapping[str, Sequence[Point]], *, label: str, x_name: str, y_name: str) -> Html:
    """Draw named lines over a shared x axis; one without a name has no label."""
    kept = {n: [p for p in line if all(map(is_number, p))] for n, line in series.items()}
    kept = {name: line for name, line in kept.items() if line}
    points = [p for line in kept.values() for p in line]
    if len(points) < 2:
        return NOTHING
    chart = Chart(
        make_axis([p[0] for p in points], x_name, zero=True),
        make_axis([p[1] for p in points], y_name, num=4),
        label,
        height_px=220,
    )
    ends = {}
    for place, (name, line) in enumerate(kept.items()):
        kind = f"c{(place + 1) % 4}"
        chart.line(line, kind)
        if len(line) == 1:
            chart.dot(line[0][0], line[0][1], kind, f"{number(line[0][0])}: {number(line[0][1])}")
        if name:
            ends[name] = (line[-1][1], kind)
    chart.end_labels(ends)
    return chart.html()


def curves(
    series: Mapping[str, Sequence[tuple[float, float, Sequence[float] | None]]],
    *,
    label: str,
    x_name: str,
    y_name: str,
    share: bool = True,
) -> Html:
    """Draw values over a positive axis: ``name -> (x, value, interval)``; one point is a dot.

    Args:
        series: A line each.
        label: What the plot shows, for those who cannot see it.
        x_name, y_name: What the axes show.
        share: Whether the values are shares in [0, 1], written as percent.
    """
    kept = {
        name: [p for p in line if is_number(p[0]) and is_number(p[1]) and p[0] > 0]
        for name, line in series.items()
    }
    kept = {name: line for name, line in kept.items() if line}
    points = [p for line in kept.values() for p in line]
    if not points:
        return NOTHING
    ends = [end for p in points for end in (p[1], *(p[2] or ()))]
    across = sorted({p[0] for p in points})
    log = across[-1] / across[0] > 4
    x = (
        Axis(across[0], across[-1], _apart(across, log=True), x_name, log=True)
        if log
        else make_axis(across, x_name)
    )
    chart = Chart(x, make_axis(ends, y_name, share=share, num=5), label, height_px=260)
    shown = percent if share else number
    for place, line in enumerate(kept.values()):
        kind = f"c{place % 4}"
        chart.line([p[:2] for p in line], kind)
        for where, value, interval in line:
            if interval:
                chart.whisker(where, interval[0], interval[1], kind)
            chart.dot(where, value, kind, f"{number(where)}: {shown(value)}")
    chart.end_labels(
        {name: (line[-1][1], f"c{place % 4}") for place, (name, line) in enumerate(kept.items())}
    )
    return chart.html()


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    label: str,
    x_name: str,
    height_px: int = 120,
    dates: bool = False,
) -> Html:
    """Draw how many rows fall between each two edges, as bars from zero.

    Args:
        edges, counts: One edge more than counts.
        label: What the chart shows, for those who cannot see it.
        x_name: What the edges are.
        height_px: Of the plane.
        dates: Whether the edges are in seconds since 1970 began.
    """
    if len(edges) != len(counts) + 1 or not any(counts):
        return NOTHING
    x = time_axis(edges[0], edges[-1], x_name) if dates else _inner_axis(edges, x_name)
    said = dated if dates else number
    chart = Chart(x, make_axis(counts, "rows", zero=True, num=3), label, height_px)
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        chart.bar(low, high, count, "c1", f"{said(low)} to {said(high)}: {plural(count, 'row')}")
    return chart.html()


def _inner_axis(edges: Sequence[float], name: str) -> Axis:
    """Return an axis that ends at the outer edges, with the round ticks between them."""
    if len(edges) == 2:
        return Axis(edges[0], edges[-1], ((edges[0] + edges[-1]) / 2,), name)
    ticks = make_axis([edges[0], edges[-1]], num=4).ticks
    inside = tuple(tick for tick in ticks if edges[0] <= tick <= edges[-1])
    return Axis(edges[0], edges[-1], inside, name)


def _apart(values: Sequence[float], *, log: bool) -> tuple[float, ...]:
    """Return those values whose labels do not run into each other, the last one always."""
    axis = Axis(values[0], values[-1], (), log=log)
    kept: list[float] = []
    for value in reversed(values):
        if not kept or axis.at(kept[-1]) - axis.at(value) >= 0.16:
            kept.append(value)
    return tuple(reversed(kept))
