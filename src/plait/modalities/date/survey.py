"""Looks over a column of dates: what comes first in them, and what bare numbers count."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plait.modalities.date.parsing import (
    MOST_SECONDS,
    Moment,
    Parts,
    bare_number,
    is_nothing,
    moment_of,
    moment_of_number,
    moment_of_object,
    take_apart,
)
from plait.modalities.nulls import is_null_word
from plait.modalities.survey import Survey
from plait.types import Cell, ColumnSample

if TYPE_CHECKING:
    from plait.modalities.date.codec import DateCodec

_NAME = re.compile(
    r"(?i:(^|[\W_])(date|time|timestamp|ts|epoch|datetime|created|updated|modified|when|utc|at)"
    r"([\W_]|$))|[a-z](At|On|Time|Date|Timestamp)$|^(?i:date|time)|(?i:date|time|stamp)$"
)
RANGES = {"s": (9.4e8, 2.3e9), "ms": (9.4e11, 2.3e12), "us": (9.4e14, 2.3e15)}
RANGES["ns"] = (9.4e17, 2.3e18)
"""What counts since 1970 of the years 2000 to 2042 lie between."""

NUM_PROBES = 24
"""Where most of so many cells are no dates, no more are looked at."""

_LEAST_COMPACT = 3


@dataclass(kw_only=True)
class Seen:
    """What a column's cells are.

    Attributes:
        num: Cells that say anything.
        written: Dates in text -> how often.
        moments: Those of date objects.
        numbers: Bare numbers, also in text.
        nulls: Words for nothing -> how often.
        strange: Cells that are nothing of these -> how often.
    """

    num: int
    written: Counter[Parts]
    moments: list[Moment]
    numbers: list[float]
    nulls: Counter[str]
    strange: Counter[str]


def look(cells: Sequence[Cell]) -> Seen:
    """Count what the cells of a column are."""
    seen = Seen(
        num=0, written=Counter(), moments=[], numbers=[], nulls=Counter(), strange=Counter()
    )
    for cell in cells:
        if (number := bare_number(cell)) is not None:
            seen.numbers.append(number)
        elif isinstance(cell, str) and (is_null_word(cell) or is_nothing(cell)):
            seen.nulls[cell.strip().lower()] += 1
            continue
        elif isinstance(cell, str):
            _count_text(cell.strip(), seen)
        elif (moment := moment_of_object(cell)) is not None:
            seen.moments.append(moment)
        else:
            seen.strange[repr(cell)[:60]] += 1
        seen.num += 1
    return seen


def _count_text(text: str, seen: Seen) -> None:
    if (parts := take_apart(text)) is not None:
        seen.written[parts] += 1
    else:
        seen.strange[text[:60]] += 1


def sureness(sample: ColumnSample) -> float:
    """How sure, in [0, 1], that a column is one of dates or times."""
    step = max(1, len(sample.values) // NUM_PROBES)
    probe = look(sample.values[::step][:NUM_PROBES])
    num_likely = len(probe.moments) + probe.written.total() + len(probe.numbers)
    if 3 * num_likely < 2 * probe.num:
        return 0.0
    if len(probe.numbers) == probe.num and not number_kind(probe.numbers, sample.name):
        return 0.0
    seen = look(sample.values)
    if not seen.num:
        return 0.0
    if len(seen.numbers) == seen.num:
        kind = number_kind(seen.numbers, sample.name)
        named = _NAME.search(sample.name) is not None
        return 0.0 if not kind else 0.97 if named or kind not in ("s",) else 0.86
    order, _ = order_of(seen)
    good = len(seen.moments)
    good += sum(n for parts, n in seen.written.items() if moment_of(parts, order) is not None)
    share = good / seen.num
    return 0.99 * share if share >= 0.9 else 0.0


def number_kind(numbers: Sequence[float], name: str) -> str:
    """Return what bare numbers are: ``yyyymmdd``, ``s``, ``ms``, ``us``, ``ns``, or ""."""
    named = _NAME.search(name) is not None
    enough = named or len(numbers) >= _LEAST_COMPACT
    plausible = enough and all(19_000_000 <= number < 21_010_000 for number in numbers)
    if plausible and all(moment_of_number(number, "yyyymmdd") for number in numbers):
        return "yyyymmdd"
    for kind, (low, high) in RANGES.items():
        low = low / 9 if named else low
        if all(low <= number <= high for number in numbers):
            return kind
    return ""


def order_of(seen: Seen) -> tuple[str, Parts | None]:
    """Return what comes first in open dates, and one that leaves it open if none decides.

    The order in which most dates exist: numbers above 12 are no months, above 31 no days. Where
    nothing decides, the day comes first, or the month beside AM and PM; "" where none is open.
    """
    open_dates = [parts for parts in seen.written if parts.is_open]
    if not open_dates:
        return "", None
    fit = {
        order: sum(seen.written[parts] for parts in open_dates if moment_of(parts, order))
        for order in ("day", "month", "year")
    }
    if fit["year"] > max(fit["day"], fit["month"]):
        return "year", None
    if fit["day"] != fit["month"]:
        return max(("day", "month"), key=lambda order: fit[order]), None
    halved = any(parts.halved for parts in open_dates)
    doubtful = (parts for parts in open_dates if len({*(parts.fields or ())[:2]}) > 1)
    return "month" if halved else "day", next(doubtful, None)


def _is_mixed(seen: Seen) -> bool:
    """Tell whether some open dates can only begin with the day, and others only with the month."""
    fields = [parts.fields for parts in seen.written if parts.is_open and parts.fields]
    return any(one > 12 for one, _, _ in fields) and any(two > 12 for _, two, _ in fields)


def survey(codec: DateCodec, sample: ColumnSample) -> Survey:
    """Return what a column's cells decide of its reading, and what is to be said."""
    seen = look(sample.values)
    order, doubt = order_of(seen)
    order = codec.order or order
    doubt = None if codec.order else doubt
    kind = codec.numbers or (number_kind(seen.numbers, sample.name) if seen.numbers else "")
    clocks = sum(n for parts, n in seen.written.items() if parts.fields is None)
    clocks += sum(not moment.has_date for moment in seen.moments)
    clock = codec.clock or clocks > seen.num / 2
    settings: dict[str, Any] = {}
    if order and not codec.order:
        settings["order"] = order
    if kind and not codec.numbers:
        settings["numbers"] = kind
    if clock and not codec.clock:
        settings["clock"] = True
    mixed = "the day comes first in some dates, the month in others: write them as 2024-03-01"
    other = {"day": "month", "month": "day"}.get(order, "") if doubt is not None else ""
    return Survey(
        settings=settings,
        said=_said(seen, order, kind, clock, doubt, other, sample.name),
        facts=_facts(seen, order, kind),
        ambiguous=f"order: {other}" if other else "",
        refused=mixed if _is_mixed(seen) else "",
    )


def _said(
    seen: Seen,
    order: str,
    kind: str,
    clock: bool,
    doubt: Parts | None,
    other: str,
    name: str,
) -> tuple[str, ...]:
    said = ["times of day"] if clock else []
    if doubt is not None and doubt.fields is not None:
        shown = "/".join(f"{field:02d}" for field in doubt.fields)
        said.append(
            f"the {order} is taken to come first in '{shown}', but nothing says so: "
            f'--columns "{name}=date{{order: {other}}}"'
        )
    elif order:
        said.append(f"the {order} comes first")
    if kind:
        counts = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
        said.append("as 20240301" if kind == "yyyymmdd" else f"{counts[kind]} since 1970")
    if seen.nulls:
        said.append(", ".join(f"'{word}'" for word in list(seen.nulls)[:3]) + " taken as missing")
    return tuple(said)


def _facts(seen: Seen, order: str, kind: str) -> dict[str, Any]:
    moments = [*seen.moments, *(m for p in seen.written if (m := moment_of(p, order)) is not None)]
    if kind:
        moments += [m for n in seen.numbers if (m := moment_of_number(n, kind)) is not None]
    facts: dict[str, Any] = {}
    dated = [moment.seconds for moment in moments if moment.has_date]
    if dated:
        facts |= {"first": shown(min(dated)), "last": shown(max(dated))}
    if order:
        facts["order"] = order
    if seen.nulls:
        facts["num_null_words"] = seen.nulls.total()
        facts["null_words"] = dict(seen.nulls.most_common(8))
    if seen.strange:
        facts["strange"] = dict(seen.strange.most_common(4))
    return facts


def shown(seconds: float) -> str:
    """Return a moment as ISO 8601, without the time where it is midnight.

    >>> shown(0.0), shown(90061.5)
    ('1970-01-01', '1970-01-02 01:01:01.5')
    """
    start = datetime.datetime(1970, 1, 1)
    at = start + datetime.timedelta(seconds=min(seconds, MOST_SECONDS))
    if not (at.hour or at.minute or at.second or at.microsecond):
        return at.date().isoformat()
    text = at.isoformat(" ")
    return text.rstrip("0") if at.microsecond else text.removesuffix(":00")
