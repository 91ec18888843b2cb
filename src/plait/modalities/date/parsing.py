"""Reads dates and times as people and programs write them; what they leave open, is left open."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from plait.modalities.date.months import month_number
from plait.types import Cell

DAY_SECONDS = 86_400.0
_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[ap]\.?m\.?))?(?: ?(?:uhr|h\b))?"
    r"(?: ?(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2}\b)(?: ?\([a-z]{2,5}\))?)?"
)
_DATES = (
    r"(?P<y>\d{4})(?P<a>[-/.])(?P<m>\d{1,2})(?P=a)(?P<d>\d{1,2})",
    r"(?P<y>\d{4})(?P<a>[-/])(?P<m>\d{2})",
    r"(?P<one>\d{1,2})(?P<a>[-/.]) ?(?P<two>\d{1,2})(?P=a) ?(?P<three>\d{4})",
    r"(?P<one>\d{1,2})(?P<a>[-/])(?P<two>\d{1,2})(?P=a)(?P<three>\d{2})",
    r"(?P<one>\d{2})(?P<a>\.)(?P<two>\d{2})\.(?P<three>\d{2})",
    r"(?P<m>\d{1,2})/(?P<y>\d{4})",
    r"(?:[^\W\d_]{2,10}\.?,? )?(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[ -]?(?:of |de |di )?"
    r"(?P<name>[^\W\d_]{3,10})\.?,?[ -]?(?:de |del )?(?P<y>\d{4}|\d{2})",
    r"(?:[^\W\d_]{2,10}\.?,? )?(?P<name>[^\W\d_]{3,10})\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? "
    r"(?P<y>\d{4})",
    r"(?P<name>[^\W\d_]{3,10})\.?[ -](?P<y>\d{4})",
)
_BETWEEN = r"(?:[t ]|, | at | um )"
_FORMS = tuple(re.compile(f"(?:{date})(?:{_BETWEEN}{_TIME})?", re.IGNORECASE) for date in _DATES)
_CLOCK = re.compile(_TIME, re.IGNORECASE)
_COMPACT = re.compile(
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?P<a>)t(?P<hour>\d{2}):?(?P<minute>\d{2})"
    r"(?::?(?P<second>\d{2})(?:\.(?P<part>\d{1,9}))?)?(?P<half>)?(?P<zone>z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"0{4}[-/.]00[-/.]00([Tt ]00:00(:00)?)?|00[-/.]00[-/.]0{4}")
_DIGITS = re.compile(r"\d{1,20}(\.\d{1,9})?", re.ASCII)
MAX_CHARACTERS = 60
"""Longer cells are no dates."""

PIVOT = 69
"""Years of two digits below it are of this century (POSIX)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A date or time as it is written.

    Attributes:
        fields: Year, month, day; for ``01/03/2024`` the three numbers in their order; None for a
            time of day alone.
        is_open: Whether `fields` stand in an order that the column decides.
        is_short: Whether the year has two digits.
        clock: Seconds since midnight; None without a time.
        offset: Seconds east of UTC; None where none is given.
        halved: Whether hours are told by AM and PM.
    """

    fields: tuple[int, int, int] | None
    is_open: bool
    is_short: bool
    clock: float | None
    offset: float | None
    halved: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as the wall clock shows it.

    Attributes:
        seconds: Since 1970 began, on the clock where it was written; since midnight for a time.
        offset: Seconds that this clock is ahead of UTC; None where it is not said.
        has_date: False for a time of day.
    """

    seconds: float
    offset: float | None
    has_date: bool = True


def take_apart(text: str) -> Parts | None:
    """Return the parts of a date or time in text; None where it is none.

    >>> take_apart("01/03/2024 7:05 PM").fields, take_apart("01/03/2024 7:05 PM").clock
    ((1, 3, 2024), 68700.0)
    >>> take_apart("10.0.0.1"), take_apart("1.2.3"), take_apart("75:10")
    (None, None, None)
    """
    text = text.strip()
    return _take_apart(text) if 4 <= len(text) <= MAX_CHARACTERS else None


@lru_cache(maxsize=8192)
def _take_apart(text: str) -> Parts | None:
    text = " ".join(text.split())
    if not any(character.isdigit() for character in text):
        return None
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        seconds = _clock_of(clock)
        return None if seconds is None else Parts(None, False, False, *_zoned(clock, seconds))
    for form in (*_FORMS, _COMPACT):
        found = form.fullmatch(text)
        if found is not None and (parts := _dated(found)) is not None:
            return parts
    return None


def is_nothing(text: str) -> bool:
    """Tell whether a text is the date 0000-00-00, which databases write for none."""
    return _NOTHING.fullmatch(text.strip()) is not None


def moment_of(parts: Parts, order: str) -> Moment | None:
    """Return the moment that is meant; None where no such day exists.

    Args:
        parts: As written.
        order: What comes first where that is open: ``day``, ``month`` or ``year``.
    """
    if parts.fields is None:
        return Moment(parts.clock or 0.0, parts.offset, has_date=False)
    one, two, three = parts.fields
    year, month, day = one, two, three
    if parts.is_open:
        by_order = {"month": (three, one, two), "year": (one, two, three)}
        year, month, day = by_order.get(order, (three, two, one))
    if parts.is_short:
        year += 2000 if year < PIVOT else 1900
    try:
        days = datetime.date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    return Moment(days * DAY_SECONDS + (parts.clock or 0.0), parts.offset)


def moment_of_object(cell: Cell) -> Moment | None:
    """Return the moment of a date, time or datetime object (Python, NumPy, pandas), else None."""
    if isinstance(cell, np.datetime64):
        cell = cell.astype("datetime64[us]").item()
    if isinstance(cell, datetime.datetime):
        if cell != cell:  # pandas' NaT
            return None
        shift = cell.utcoffset()
        offset = None if shift is None else shift.total_seconds()
        days = cell.toordinal() - _EPOCH
        return Moment(days * DAY_SECONDS + _of_day(cell), offset)
    if isinstance(cell, datetime.date):
        return Moment((cell.toordinal() - _EPOCH) * DAY_SECONDS, None)
    if isinstance(cell, datetime.time):
        return Moment(_of_day(cell), None, has_date=False)
    return None


def bare_number(cell: Cell) -> float | None:
    """Return a number, or text of nothing but digits, as a float; None for anything else."""
    if isinstance(cell, str):
        return float(cell) if _DIGITS.fullmatch(cell.strip()) else None
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | np.number):
        return None
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def moment_of_number(value: float, kind: str) -> Moment | None:
    """Return the moment that a bare number is.

    Args:
        value: The number.
        kind: ``yyyymmdd``, or what it counts since 1970: ``s``, ``ms``, ``us``, ``ns``.
    """
    if not math.isfinite(value):
        return None
    if kind == "yyyymmdd":
        whole = int(value)
        if whole != value or not 10_000_101 <= whole <= 99_991_231:
            return None
        fields = (whole // 10_000, whole // 100 % 100, whole % 100)
        return moment_of(Parts(fields, False, False, None, None, False), "")
    seconds = value * {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[kind]
    return Moment(seconds, 0.0) if LEAST_SECONDS <= seconds <= MOST_SECONDS else None


def _dated(found: re.Match[str]) -> Parts | None:
    groups = found.groupdict()
    clock = None
    if groups.get("hour") is not None and (clock := _clock_of(found)) is None:
        return None
    zoned = _zoned(found, clock)
    if groups.get("one") is not None:
        one, two, three = (int(groups[name]) for name in ("one", "two", "three"))
        if not _could_be_day(one, two, three, short := len(groups["three"]) == 2):
            return None
        return Parts((one, two, three), True, short, *zoned)
    month = month_number(groups["name"]) if groups.get("name") else int(groups["m"])
    day = int(groups.get("d") or 1)
    if month is None or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    return Parts((int(groups["y"]), month, day), False, len(groups["y"]) == 2, *zoned)


def _could_be_day(one: int, two: int, three: int, short: bool) -> bool:
    """Tell whether three numbers are a day in some order; the year comes last, or is short."""
    last = 1 <= one <= 31 and 1 <= two <= 31 and min(one, two) <= 12
    return last or (short and 1 <= two <= 12 and 1 <= three <= 31)


def _clock_of(found: re.Match[str]) -> float | None:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = (found["half"] or "").lower()
    if minute > 59 or second > 60 or hour > (12 if half else 24) or (half and not hour):
        return None
    if half:
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    seconds = hour * 3600.0 + minute * 60.0 + second + float(f"0.{found['part'] or 0}")
    return seconds if seconds <= DAY_SECONDS else None


def _zoned(found: re.Match[str], clock: float | None) -> tuple[float | None, float | None, bool]:
    """Return the clock, the offset, and whether hours are told by AM and PM."""
    zone = (found["zone"] or "").replace(":", "").lower()
    if zone[:1] not in ("+", "-"):
        return clock, 0.0 if zone else None, bool(found["half"])
    seconds = int(zone[1:3]) * 3600.0 + int(zone[3:5] or 0) * 60.0
    return clock, -seconds if zone[0] == "-" else seconds, bool(found["half"])


def _of_day(clock: datetime.datetime | datetime.time) -> float:
    return clock.hour * 3600.0 + clock.minute * 60.0 + clock.second + clock.microsecond / 1e6


_EPOCH = datetime.date(1970, 1, 1).toordinal()
LEAST_SECONDS = (1 - _EPOCH) * DAY_SECONDS
MOST_SECONDS = (datetime.date.max.toordinal() - _EPOCH) * DAY_SECONDS + DAY_SECONDS - 1
