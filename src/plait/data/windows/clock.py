"""How time goes on from row to row: evenly, by months, or only in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

EVEN, MONTHS, ENDS, ORDER = "even", "months", "month ends", "order"
DAY = 86_400.0
LEAST_EVEN = 0.98
"""Share of gaps between rows that are whole numbers of steps where time is even."""

TOLERATED = 0.1
"""Of a step: so far a gap may be from a whole number of steps."""


@dataclass(frozen=True)
class Clock:
    """How time goes on.

    Attributes:
        kind: ``even``, by steps of one length; ``months``, by months of the calendar; ``month
            ends``, by their last days; ``order``, where rows are only known to follow each other.
        step: Seconds of a step (its usual length where time is not even), months of one, or the
            distance of numbers.
        dates: Whether times are dates; else they are plain numbers.
        zoned: Whether dates say how far they are from UTC.
    """

    kind: str
    step: float
    dates: bool
    zoned: bool = False

    @classmethod
    def of(cls, series: Iterable[np.ndarray], *, dates: bool, zoned: bool = False) -> Clock:
        """Learn it from increasing times, float64 ``[row]`` of each series."""
        every = [one for one in series if len(one) > 1]
        gaps = np.concatenate([np.diff(one) for one in every]) if every else np.ones(1)
        step = float(np.median(gaps))
        if dates and 28 * DAY <= step <= 366 * DAY:
            months = [np.diff(months_of(one)) for one in every]
            usual = int(np.median(np.concatenate(months)))
            if usual >= 1 and all(len(set(_days(one))) == 1 for one in every):
                return cls(MONTHS, float(usual), dates, zoned)
            if usual >= 1 and all(map(_ends_months, every)):
                return cls(ENDS, float(usual), dates, zoned)
        away = np.abs(gaps / step - np.round(gaps / step))
        even = float((away <= TOLERATED).mean()) >= LEAST_EVEN
        return cls(EVEN if even else ORDER, step, dates, zoned)

    def places(self, times: np.ndarray) -> np.ndarray:
        """Return the number of the step of each time, int64 ``[row]``, counted from the first."""
        if self.kind == ORDER:
            return np.arange(len(times))
        if self.kind in (MONTHS, ENDS):
            counted = months_of(times)
            return np.round((counted - counted[0]) / self.step).astype(np.int64)
        return np.round((times - times[0]) / self.step).astype(np.int64)

    def after(self, last: float, num: int) -> np.ndarray:
        """Return the times of the steps that follow, float64 ``[num]``."""
        if self.kind not in (MONTHS, ENDS):
            return last + self.step * np.arange(1, num + 1)
        begun = _moment(last)
        found = []
        for step in range(1, num + 1):
            month = begun.year * 12 + begun.month - 1 + step * int(self.step)
            day = 31 if self.kind == ENDS else begun.day
            day = min(day, _days_in(month))
            moved = begun.replace(year=month // 12, month=month % 12 + 1, day=day)
            found.append(moved.timestamp())
        return np.array(found)

    def written(self, times: np.ndarray) -> list[str | float]:
        """Return times as a table holds them: dates of days alone where all are, or numbers.

        Those that say how far they are from UTC are in UTC, and say so.
        """
        if not self.dates:
            return [int(one) if float(one).is_integer() else float(one) for one in times.tolist()]
        moments = [_moment(one) for one in times.tolist()]
        if self.zoned:
            return [one.strftime("%Y-%m-%d %H:%M:%S+00:00") for one in moments]
        days = all(one.hour == one.minute == one.second == 0 for one in moments)
        return [one.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S") for one in moments]


def months_of(times: np.ndarray) -> np.ndarray:
    """Return the month of each time, counted from the year 0, int64 ``[row]``."""
    return np.array([one.year * 12 + one.month - 1 for one in map(_moment, times.tolist())])


def _days(times: np.ndarray) -> list[int]:
    return [one.day for one in map(_moment, times.tolist())]


def _ends_months(times: np.ndarray) -> bool:
    moments = map(_moment, times.tolist())
    return all(one.day == _days_in(one.year * 12 + one.month - 1) for one in moments)


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(seconds, 3))


def _days_in(month: int) -> int:
    year, place = month // 12, month % 12 + 1
    after = datetime(year + place // 12, place % 12 + 1, 1)
    return (after - datetime(year, place, 1)).days
