"""Draws a series as an inline SVG line plot."""

from __future__ import annotations

import html

import numpy as np

from plait.modalities.series.cells import Series

COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
WIDTH, HEIGHT, LEFT, BOTTOM, NUM_POINTS = 300, 120, 44, 26, 240


def plot(series: Series) -> str:
    """Return an SVG fragment: a line per channel (at most 8), broken at gaps, with axis labels."""
    values = series.values
    times = np.arange(len(values), dtype=np.float64) if series.times is None else series.times
    keep = np.unique(np.linspace(0, len(values) - 1, NUM_POINTS).astype(int))
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    x = LEFT + _share(times[keep], times[0], times[-1]) * (WIDTH - LEFT - 6)
    y = 6 + (1 - _share(values[keep], low, high)) * (HEIGHT - BOTTOM - 6)
    shown = range(min(values.shape[1], len(COLOURS)))
    lines = "".join(_line(x, y[:, i], COLOURS[i], _name(series, i)) for i in shown)
    return (
        f'<svg class="series" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{len(values)} steps, {values.shape[1]} channels</title>"
        + _axes(times, low, high, "step" if series.times is None else "time")
        + lines
        + "</svg>"
    )


def _share(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return (values - low) / (high - low) if high > low else np.full(np.shape(values), 0.5)


def _name(series: Series, channel: int) -> str:
    return series.channels[channel] if series.channels else f"channel {channel}"


def _line(x: np.ndarray, y: np.ndarray, colour: str, name: str) -> str:
    pieces, pen = [], "M"
    for across, down in zip(x, y, strict=True):
        if np.isnan(down):
            pen = "M"
            continue
        pieces.append(f"{pen}{across:.1f} {down:.1f}")
        pen = "L"
    if len(pieces) == 1:
        pieces.append("h1")
    path = "".join(pieces)
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2">'
        f"<title>{html.escape(name)}</title></path>"
    )


def _axes(times: np.ndarray, low: float, high: float, unit: str) -> str:
    base, right = HEIGHT - BOTTOM, WIDTH - 6
    labels = [
        (LEFT - 4, 12, "end", f"{high:.4g}"),
        (LEFT - 4, base, "end", f"{low:.4g}"),
        (LEFT, base + 12, "start", f"{times[0]:.6g}"),
        (right, base + 12, "end", f"{times[-1]:.6g}"),
        ((LEFT + right) // 2, base + 20, "middle", unit),
    ]
    text = "".join(f'<text x="{x}" y="{y}" text-anchor="{a}">{t}</text>' for x, y, a, t in labels)
    return (
        f'<path d="M{LEFT} 6V{base}H{right}" fill="none" stroke="#888"/>'
        f'<g font-family="sans-serif" font-size="9" fill="#666">{text}</g>'
    )
