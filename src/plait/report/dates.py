"""Axes of dates and times: ticks where years, months, days, hours and minutes begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from plait.report.axis import Axis
from plait.report.text import number

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
CLOCK_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(HOUR * hours for hours in (1, 2, 3, 6, 12)),
    *(DAY * days for days in (1, 2, 7)),
)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 6_000, 12_000, 30_000)
MONTH_SECONDS = 30.44 * DAY
LEAST_SECONDS, MOST_SECONDS = -62e9, 250e9
"""From the year 6 to 9892: what lies outside has no ticks of a calendar."""


@dataclass(frozen=True)
class TimeAxis(Axis):
    """An axis of seconds since 1970 began, written as dates and times.

    Attributes:
        form: How a tick is written, of `datetime.strftime`.
    """

    form: str = "%Y-%m-%d"

    def written(self, value: float) -> str:
        """Return a tick as a date or a time of day."""
        return f"{moment(value):{self.form}}"


def time_axis(low: float, high: float, name: str, num: int = 4) -> Axis:
    """Return an axis from `low` to `high`, in seconds since 1970 began, with at most `num` ticks.

    Ticks are where something begins: a year, a month, a day, an hour. Spans that no calendar holds
    have no ticks but the ends.
    """
    if not (LEAST_SECONDS < low <= high < MOST_SECONDS):
        return Axis(low, high, (low, high), name)
    span = max(high - low, 1.0)
    for step in CLOCK_STEPS:
        if span / step <= num:
            ticks = _clock_ticks(low, high, step)
            return TimeAxis(low, high, ticks, name, form=_form(step, low, high))
    months = next((m for m in MONTH_STEPS if span / (m * MONTH_SECONDS) <= num), MONTH_STEPS[-1])
    form = "%Y" if months % 12 == 0 else "%Y-%m"
    return TimeAxis(low, high, _month_ticks(low, high, months), name, form=form)


def moment(seconds: float) -> datetime:
    """Return the date and time of seconds since 1970 began."""
    return EPOCH + timedelta(seconds=seconds)


def dated(seconds: float) -> str:
    """Return seconds since 1970 began as a date, with the time of day where it is not midnight.

    >>> dated(1_767_225_600.0), dated(1_767_252_600.0)
    ('2026-01-01', '2026-01-01 07:30')
    """
    if not LEAST_SECONDS < seconds < MOST_SECONDS:
        return number(seconds)
    form = "%Y-%m-%d" if seconds % DAY == 0 else "%Y-%m-%d %H:%M"
    return f"{moment(seconds):{form}}"


def _clock_ticks(low: float, high: float, step: int) -> tuple[float, ...]:
    first = -(-low // step)
    return tuple(float(place * step) for place in range(int(first), int(high // step) + 1))


def _month_ticks(low: float, high: float, months: int) -> tuple[float, ...]:
    begin, end = moment(low), moment(high)
    first = (begin.year * 12 + begin.month - 1) // months * months
    ticks = []
    for place in range(max(first, 12), end.year * 12 + end.month, months):
        starts = datetime(place // 12, place % 12 + 1, 1, tzinfo=UTC)
        seconds = (starts - EPOCH).total_seconds()
        if low <= seconds <= high:
            ticks.append(seconds)
    return tuple(ticks)


def _form(step: int, low: float, high: float) -> str:
    if step >= DAY:
        return "%Y-%m-%d"
    clock = "%H:%M" if step >= MINUTE else "%H:%M:%S"
    return clock if moment(low).date() == moment(high).date() else f"%m-%d {clock}"
