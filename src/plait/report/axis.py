"""Axes: round ticks, linear or logarithmic, and where a value lies between their ends."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from plait.report.text import is_number, number

MAX_TICKS = 6
LOG_SPAN = 100.0
"""Positive values that span more than this factor are drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes:
        low, high: Its ends.
        ticks: Values that are written at it.
        name: What it shows.
        share: Whether values are shares, written as percent.
        log: Whether it is logarithmic.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    name: str = ""
    share: bool = False
    log: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high one; kept inside."""
        low, high, place = self.low, self.high, value
        if self.log:
            low, high = math.log(low), math.log(high)
            place = math.log(value) if value > 0 else low
        share = (place - low) / (high - low) if high > low else 0.5
        return min(1.0, max(0.0, share))

    def written(self, value: float) -> str:
        """Return a tick as text, with as many digits as tell it from the next."""
        if self.share:
            step = min((b - a for a, b in zip(self.ticks, self.ticks[1:], strict=False)), default=1)
            digits = 0 if step >= 0.0099 else 1
            return f"{100 * value:.{digits}f}\u00a0%".replace("-", "−")
        if self.log or not value:
            return number(value)
        step = min((b - a for a, b in zip(self.ticks, self.ticks[1:], strict=False)), default=value)
        if abs(value) >= 1e6 or 0 < abs(step) < 1e-4:
            apart = math.floor(math.log10(abs(value))) - math.floor(math.log10(abs(step)) + 1e-9)
            shown = f"{value:.{max(apart, 0) + 2}g}"
            return shown.replace("e+0", "e").replace("e+", "e").replace("-", "−")
        digits = max(0, -math.floor(math.log10(abs(step)) + 1e-9)) if step else 0
        digits += not math.isclose(step * 10**digits, round(step * 10**digits))
        return f"{value:,.{digits}f}".replace("-", "−")


def make_axis(
    values: Iterable[float],
    name: str = "",
    *,
    share: bool = False,
    zero: bool = False,
    log: bool = False,
    num: int = MAX_TICKS,
) -> Axis:
    """Return an axis whose round ticks enclose the values.

    Args:
        values: What is drawn; values that are not finite do not count.
        name: What the axis shows.
        share: Whether the values are shares in [0, 1]: then it does not end above 1.
        zero: Whether it begins at zero, as bars must.
        log: Whether it may be logarithmic: it is where values are positive and span a hundredfold.
        num: About how many ticks.
    """
    known = [float(value) for value in values if is_number(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if log and low > 0 and high / low > LOG_SPAN:
        return _log_axis(low, high, name, num)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = (low - 0.5 * abs(low), high + 0.5 * abs(high)) if low or high else (0.0, 1.0)
        low = max(low, 0.0) if share or zero else low
    step = round_step((high - low) / num)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [place * step for place in range(first, max(last, first + 1) + 1)]
    if share and high <= 1:
        ticks = [tick for tick in ticks if tick <= 1 + 1e-9]
    top = max(ticks[-1], min(high, 1.0) if share else high)
    return Axis(ticks[0], top, tuple(round(tick, 12) for tick in ticks), name, share)


def round_step(least: float) -> float:
    """Return the least of 1, 2, 2.5 and 5 times a power of ten that is not below `least`.

    >>> [round_step(least) for least in (0.07, 0.21, 1.0, 33.0)]
    [0.1, 0.25, 1.0, 50.0]
    """
    unit = 10.0 ** math.floor(math.log10(least))
    return next(unit * by for by in (1, 2, 2.5, 5, 10) if unit * by >= least * (1 - 1e-9))


def _log_axis(low: float, high: float, name: str, num: int) -> Axis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    each = max(1, -(-(last - first) // num))
    powers = list(range(first, last + 1, each))
    bases = (1, 2, 5) if len(powers) <= 3 else (1,)
    ticks = tuple(
        base * 10.0**power
        for power in powers
        for base in bases
        if low * 0.999 <= base * 10.0**power <= high * 1.001
    )
    return Axis(low, high, ticks or (low, high), name, log=True)
