"""Spreadsheet numbers that mean dates and times, by the format in which they are shown."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["number", "date", "time", "elapsed"]

DATES = frozenset({14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 59)})
TIMES = frozenset({18, 19, 20, 21, 32, 33, 34, 35, 45, 47})
ELAPSED = 46
"""Numbers of the built-in formats (ECMA-376, 18.8.30), East Asian ones among them."""

_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


def kind_of_format(number: int, code: str | None) -> Kind:
    """Return what a number shown in a format means; `code` is that of a format of the file's own.

    >>> kind_of_format(14, None), kind_of_format(164, "0.00"), kind_of_format(164, "[h]:mm")
    ('date', 'number', 'elapsed')
    """
    if code is None:
        if number in DATES:
            return "date"
        return "time" if number in TIMES else "elapsed" if number == ELAPSED else "number"
    plain = _NOT_CODE.sub("", code).split(";")[0].lower()
    if "general" in plain or "@" in plain:
        return "number"
    if re.search(r"\[[hms]+\]", plain):
        return "elapsed"
    if re.search(r"[yd]", plain) or ("m" in plain and not re.search(r"[hs]", plain)):
        return "date"
    return "time" if re.search(r"[hs]", plain) else "number"


def as_text(value: str, kind: Kind, since_1904: bool) -> str:
    """Return a number of days as a date, date and time, time of day, or hours elapsed.

    >>> as_text("45352.5", "date", False), as_text("0.25", "time", False)
    ('2024-03-01 12:00:00', '06:00:00')

    Numbers that are no date are returned as they are.
    """
    try:
        days = float(value)
    except ValueError:
        return value.strip()
    if not math.isfinite(days) or not 0 <= days < 2_958_466:
        return value.strip()
    span = timedelta(milliseconds=round(days * 86_400_000))
    if kind == "elapsed" or (kind == "time" and days < 1):
        hours, rest = divmod(span, timedelta(hours=1))
        minutes, seconds = divmod(int(rest.total_seconds()), 60)
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    # Day 60 of the system of 1900 is a 29th of February that there was not.
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30 if days >= 60 else 31)
    try:
        moment = start + span
    except OverflowError:
        return value.strip()
    if moment == moment.replace(hour=0, minute=0, second=0, microsecond=0):
        return moment.strftime("%Y-%m-%d") if moment.year >= 1000 else value.strip()
    return moment.isoformat(" ", "milliseconds" if moment.microsecond else "seconds")
