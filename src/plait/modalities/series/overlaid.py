"""Series that were made laid over the true ones, and how the error grows along them."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from plait.types import Html

NUM_SHOWN, MAX_CHANNELS = 6, 3
WIDTH, HEIGHT = 320, 110
MADE, TRUE = "#d5701a", "#2f7fc1"
"""Colours that are told apart by the colour-blind, on light and on dark pages."""

_TEXT = 'fill="currentColor" fill-opacity=".75" font-family="system-ui,sans-serif" font-size="11"'


def overlaid(
    said: Sequence[np.ndarray], true: Sequence[np.ndarray], channels: Sequence[str]
) -> Html:
    """Return some pairs from the best made to the worst, and the error by step; "" without any.

    Args:
        said, true: ``[time, channel]`` of each row, scaled; NaN where nothing is known.
        channels: Their names; empty where they have none.
    """
    if not said:
        return ""
    errors = [_error(a, b) for a, b in zip(said, true, strict=True)]
    order = np.argsort(errors, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, min(NUM_SHOWN, len(order))).round())
    figures = "".join(
        _figure(said[row], true[row], channels, errors[row])
        for row in (int(order[int(place)]) for place in places)
    )
    return (
        f'<p>From the best to the worst: <b style="color:{TRUE}">true</b> and '
        f'<b style="color:{MADE}">made</b>, in units of each channel\'s spread in training.</p>'
        '<div style="display:grid;gap:16px;'
        f'grid-template-columns:repeat(auto-fit,minmax(min(100%,{WIDTH}px),1fr))">{figures}</div>'
        f"<h3>Error along the series</h3>{_by_step(said, true)}"
    )


def _error(said: np.ndarray, true: np.ndarray) -> float:
    steps = min(len(said), len(true))
    gap = (said[:steps] - true[:steps])[~np.isnan(true[:steps])]
    return float((gap**2).mean()) if gap.size else 0.0


def _figure(said: np.ndarray, true: np.ndarray, channels: Sequence[str], error: float) -> Html:
    shown = min(true.shape[1], MAX_CHANNELS)
    parts = []
    for channel in range(shown):
        name = channels[channel] if channels else f"channel {channel + 1}"
        lines = {TRUE: true[:, channel], MADE: said[:, channel]}
        parts.append(_strip(lines, name if true.shape[1] > 1 else "", channel * HEIGHT))
    more = f", {shown} of {true.shape[1]} channels" if true.shape[1] > shown else ""
    told = f"MSE {error:.3g} over {len(true):,} steps{more}"
    return figure_of("".join(parts), shown * HEIGHT, told)


def _by_step(said: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Html:
    """Return the mean squared error of each step, over all rows that have it."""
    longest = max(len(one) for one in true)
    total, count = np.zeros(longest), np.zeros(longest)
    for made, real in zip(said, true, strict=True):
        steps = min(len(made), len(real))
        squared = (made[:steps] - real[:steps]) ** 2
        total[:steps] += np.nansum(squared, axis=1)
        count[:steps] += (~np.isnan(squared)).sum(axis=1)
    curve = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    last = curve[~np.isnan(curve)]
    told = "mean squared error by step"
    if last.size:
        told += f": {last[0]:.3g} at the first, {last[-1]:.3g} at the last of {longest:,}"
    return figure_of(_strip({MADE: curve}, "", 0, from_zero=True), HEIGHT, told)


def _strip(lines: dict[str, np.ndarray], name: str, top: float, *, from_zero: bool = False) -> Html:
    known = np.concatenate([line[~np.isnan(line)] for line in lines.values()])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    low = min(low, 0.0) if from_zero else low
    span = (high - low) or 1.0
    longest = max(max(len(line) for line in lines.values()) - 1, 1)
    drawn = "".join(
        path_of(line, top + 16, (HEIGHT - 32) / span, high, (WIDTH - 4) / longest, colour)
        for colour, line in lines.items()
    )
    frame = (
        f'<rect x=".5" y="{top + 14}" width="{WIDTH - 1}" height="{HEIGHT - 28}" rx="2" '
        'fill="none" stroke="currentColor" stroke-opacity=".25"/>'
    )
    ends = (
        f'<text x="{WIDTH}" y="{top + 10}" text-anchor="end" {_TEXT}>{low:.3g} to {high:.3g}</text>'
        f'<text x="0" y="{top + 10}" {_TEXT}>{html.escape(name[:28])}</text>'
    )
    return frame + drawn + ends


def path_of(
    line: np.ndarray, top: float, tall: float, high: float, wide: float, colour: str
) -> Html:
    """Return a line through values, each a place to the right of the one before; gaps where NaN.

    Args:
        line: ``[step]``.
        top, high: Where the value `high` lies.
        tall, wide: Of a unit, and of a step.
        colour: Of the line.
    """
    pieces, lifted = [], True
    for step, value in enumerate(line):
        if np.isnan(value):
            lifted = True
            continue
        pieces.append(
            f"{'M' if lifted else 'L'}{2 + wide * step:.1f} {top + tall * (high - value):.1f}"
        )
        lifted = False
    return (
        f'<path d="{"".join(pieces)}" fill="none" stroke="{colour}" stroke-width="1.5" '
        'stroke-linejoin="round"/>'
    )


def figure_of(inside: Html, height: float, told: str) -> Html:
    """Return a drawing of `WIDTH` by a height as a figure, with words below."""
    said = html.escape(told)
    return (
        '<figure style="margin:0"><svg role="img" '
        f'viewBox="0 0 {WIDTH} {height}" style="display:block;width:100%;max-width:{2 * WIDTH}px;'
        f'height:auto" xmlns="http://www.w3.org/2000/svg"><title>{said}</title>{inside}</svg>'
        f'<figcaption style="font-size:13px;opacity:.85">{said}</figcaption></figure>'
    )
