"""Forecasts drawn with their intervals: what came before, what came, and what was foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.modalities.series.overlaid import HEIGHT, MADE, TRUE, WIDTH, figure_of, path_of
from plait.spacing import evenly_spaced
from plait.types import Html

NUM_SHOWN, TIMES_BEFORE = 6, 2
"""Windows that are drawn; and steps before that are, for each step ahead."""


@dataclass(frozen=True)
class Fan:
    """A forecast of one series from one moment, in any unit.

    Attributes:
        before: What came before, ``[step]``; NaN where nothing is known.
        true: What came, ``[step]``; the same.
        said, low, high: The forecast and the ends of its interval, ``[step]``.
    """

    before: np.ndarray
    true: np.ndarray
    said: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def inside(self) -> tuple[int, int]:
        """How many values that came lie in the interval, and how many are known."""
        steps = min(len(self.true), len(self.said))
        true = self.true[:steps]
        within = (true >= self.low[:steps]) & (true <= self.high[:steps])
        return int(within.sum()), int((~np.isnan(true)).sum())


def fans(every: Sequence[Fan], share: str) -> Html:
    """Return some of the forecasts, evenly spread over time; "" of none.

    Args:
        every: In the order of time.
        share: That the intervals promise to hold, in words.
    """
    if not every:
        return ""
    shown = [every[place] for place in evenly_spaced(len(every), NUM_SHOWN)]
    figures = "".join(map(_figure, shown))
    return (
        f"<h3>Forecasts and their {share} intervals</h3>"
        f'<p><b style="color:{TRUE}">What came</b>, and <b style="color:{MADE}">what was '
        "foreseen</b> at the place where the shade begins, of windows that are evenly spread over "
        "the test, in units of each series' spread in training.</p>"
        '<div style="display:grid;gap:16px;'
        f'grid-template-columns:repeat(auto-fit,minmax(min(100%,{WIDTH}px),1fr))">{figures}</div>'
    )


def _figure(fan: Fan) -> Html:
    ahead = len(fan.said)
    before = fan.before[-TIMES_BEFORE * ahead :]
    gap = np.full(len(before), np.nan)
    came = np.concatenate([before, fan.true[:ahead]])
    lines = np.concatenate([came, fan.low, fan.high, fan.said])
    known = lines[~np.isnan(lines)]
    high, span = float(known.max()), float(known.max() - known.min()) or 1.0
    wide = (WIDTH - 4) / max(len(before) + ahead - 1, 1)
    where = (8.0, (HEIGHT - 16) / span, high, wide)
    inside, num = fan.inside
    band = _band(fan, len(before), *where)
    drawn = path_of(came, *where, TRUE) + path_of(np.append(gap, fan.said), *where, MADE)
    return figure_of(band + drawn, HEIGHT, f"{inside} of {num} values in their interval")


def _band(fan: Fan, first: int, top: float, tall: float, high: float, wide: float) -> Html:
    """Return the shade between the ends of an interval."""
    steps = [*range(len(fan.said)), *reversed(range(len(fan.said)))]
    ends = [*fan.high, *fan.low[::-1]]
    points = " ".join(
        f"{2 + wide * (first + step):.1f},{top + tall * (high - value):.1f}"
        for step, value in zip(steps, ends, strict=True)
    )
    return f'<polygon points="{points}" fill="{MADE}" fill-opacity=".22"/>'
