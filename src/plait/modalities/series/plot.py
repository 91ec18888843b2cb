"""Draws a series as inline SVG: a strip per channel, its envelope, and how fast it was sampled."""

from __future__ import annotations

import html
import re

import numpy as np

from plait.modalities.series.cells import Series

COLOURS = ("#2f7fc1", "#d5701a", "#1f9a70", "#a66bc2", "#c9485b", "#7d858c", "#3a9fb5", "#8f8a1f")
"""Told apart by the colour-blind; at least 3 : 1 against white and against the dark page."""

WIDTH, NUM_BINS = 300, 150
TALL, STRIP, GAP, BOTTOM = 96, 40, 18, 20
_UNIT = re.compile(r"\s*[\[(]([^\])]{1,12})[\])]\s*$")
_AXIS = 'fill="currentColor" fill-opacity=".7" font-family="system-ui,sans-serif" font-size="11"'


def plot(series: Series) -> str:
    """Return a figure: up to 8 channels under each other, each on its own scale, and a caption.

    Long series are drawn as an envelope: the range within each of 150 spans of time, and the mean
    on top; short ones as a line. Both are broken at gaps. Colours of text are those of the page.
    """
    num_steps, num_channels = series.values.shape
    shown = min(num_channels, len(COLOURS))
    tall = TALL if num_channels == 1 else STRIP
    height = shown * (tall + GAP) + BOTTOM
    places = _places(series)
    strips = "".join(
        _strip(series, channel, places, channel * (tall + GAP) + GAP, tall)
        for channel in range(shown)
    )
    said = caption(series)
    return (
        f'<figure class="series" style="margin:0">'
        f'<svg role="img" viewBox="0 0 {WIDTH} {height}" '
        f'style="display:block;width:100%;max-width:{2 * WIDTH}px;height:auto" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{html.escape(said)}</title>'
        f"{strips}{_ends(series, height)}</svg>"
        f'<figcaption style="font-size:12px;opacity:.8">{html.escape(said)}</figcaption></figure>'
    )


def caption(series: Series) -> str:
    """Return the number of steps, the rate and length where times are known, and what is hidden."""
    num_steps, num_channels = series.values.shape
    parts = [f"{num_steps:,} step{'s' * (num_steps != 1)}"]
    if series.times is not None and num_steps > 1:
        step = float(np.median(np.diff(series.times)))
        parts.append(_rate(step, series.unit))
        parts.append(f"{_written(float(series.times[-1] - series.times[0]))} {series.unit}".strip())
    if num_channels > len(COLOURS):
        parts.append(f"{len(COLOURS)} of {num_channels} channels shown")
    gaps = float(np.isnan(series.values).mean())
    if gaps:
        parts.append(f"{100 * gaps:.1f}\u00a0% of values missing")
    return ", ".join(parts)


def _rate(step: float, unit: str) -> str:
    per_second = {"s": 1.0, "ms": 1000.0}.get(unit)
    if per_second is None or step <= 0:
        return f"one every {_written(step)}"
    rate = per_second / step
    return f"{_written(rate)} Hz" if rate >= 0.5 else f"one every {_written(1 / rate)} s"


def _strip(series: Series, channel: int, places: np.ndarray, top: float, tall: float) -> str:
    """Return a channel's frame, name with unit, range, and its line or envelope."""
    values = series.values[:, channel].astype(np.float64)
    name, unit = name_of(series, channel)
    seen = values[~np.isnan(values)]
    colour = COLOURS[channel]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
    if not seen.size:
        told = "no values"
    elif low == high:
        told = f"constant {_written(low)} {unit}".strip()
    else:
        told = f"{_written(low)} to {_written(high)} {unit}".strip()
    # One pixel of air, so that the line of an extreme is not cut by the frame.
    span = (high - low) or 1.0
    y = top + 1.5 + (tall - 3) * ((high - values) / span if high > low else 0.5 + 0 * values)
    label = html.escape(name if len(name) <= 22 else name[:21] + "…")
    text = (
        f'<rect x="0" y="{top - 12}" width="8" height="8" rx="1" fill="{colour}"/>'
        f'<text x="12" y="{top - 5}" font-size="11" font-family="system-ui,sans-serif" '
        f'font-weight="600" fill="currentColor">{label}</text>'
        f'<text x="{WIDTH}" y="{top - 5}" text-anchor="end" {_AXIS}>{html.escape(told)}</text>'
    )
    frame = (
        f'<rect x=".5" y="{top + 0.5}" width="{WIDTH - 1}" height="{tall - 1}" rx="2" fill="none" '
        'stroke="currentColor" stroke-opacity=".22"/>'
    )
    drawn = _line(places, y, colour) if len(y) <= 2 * NUM_BINS else _envelope(places, y, colour)
    return f"{frame}{drawn}{text}"


def name_of(series: Series, channel: int) -> tuple[str, str]:
    """Return a channel's name and its unit, written behind it in brackets: ``pressure [bar]``."""
    name = series.channels[channel] if series.channels else f"channel {channel + 1}"
    if len(series.channels) == 0 and series.values.shape[1] == 1:
        return "value", ""
    found = _UNIT.search(name)
    return (name[: found.start()], found[1]) if found and found.start() else (name, "")


def _places(series: Series) -> np.ndarray:
    """Return where each step lies across the plot."""
    num = len(series.values)
    times = np.arange(num, dtype=np.float64) if series.times is None else series.times
    span = float(times[-1] - times[0])
    share = (times - times[0]) / span if span > 0 else np.full(num, 0.5)
    return np.asarray(2 + share * (WIDTH - 4))


def _line(x: np.ndarray, y: np.ndarray, colour: str) -> str:
    """Return a path with a new start after every gap; a lone value is a dot."""
    pieces: list[str] = []
    for place, ok in enumerate(~np.isnan(y)):
        if not ok:
            continue
        starts = place == 0 or np.isnan(y[place - 1])
        pieces.append(f"{'M' if starts else 'L'}{x[place]:.1f} {y[place]:.1f}")
        if starts and (place + 1 == len(y) or np.isnan(y[place + 1])):
            pieces.append("h.01")
    return (
        f'<path d="{"".join(pieces)}" fill="none" stroke="{colour}" stroke-width="1.6" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _envelope(x: np.ndarray, y: np.ndarray, colour: str) -> str:
    """Return the range of every span of time as bars of one path, and the line of their means."""
    edges = np.linspace(x[0], x[-1], NUM_BINS + 1)
    which = np.clip(np.searchsorted(edges, x, "right") - 1, 0, NUM_BINS - 1)
    bars, means = [], np.full(NUM_BINS, np.nan)
    width = (WIDTH - 4) / NUM_BINS
    for place in range(NUM_BINS):
        inside = y[which == place]
        inside = inside[~np.isnan(inside)]
        if inside.size:
            means[place] = inside.mean()
            size = max(float(inside.max() - inside.min()), 0.8)
            bars.append(
                f"M{edges[place]:.1f} {inside.min():.1f}h{width:.2f}v{size:.1f}h-{width:.2f}z"
            )
    middles = (edges[:-1] + edges[1:]) / 2
    path = f'<path d="{"".join(bars)}" fill="{colour}" fill-opacity=".35"/>'
    return path + _line(middles, means, colour)


def _ends(series: Series, height: float) -> str:
    """Return the first and last time, and what they count."""
    times = series.times
    if times is None:
        first, last, unit = "1", f"{len(series.values):,}", "step"
    else:
        # Times since 1970 say nothing to people: they are told from the start of the series.
        start = times[0] if abs(times[0]) > 1e8 else 0.0
        first, last = _written(float(times[0] - start)), _written(float(times[-1] - start))
        unit = "time" + (f", {series.unit}" if series.unit else "")
    spots = ((0, "start", first), (WIDTH / 2, "middle", unit), (WIDTH, "end", last))
    return "".join(
        f'<text x="{x:g}" y="{height - 6}" text-anchor="{anchor}" {_AXIS}>{text}</text>'
        for x, anchor, text in spots
    )


def _written(value: float) -> str:
    """Return a number with four digits, thousands parted."""
    if value and not 1e-3 <= abs(value) < 1e7:
        text = f"{value:.3g}"
    else:
        text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "−", 1) if value < 0 else text
