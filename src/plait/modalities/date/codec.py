"""Dates and times: what of them varies in training, as numbers that trees and networks can use."""

from __future__ import annotations

import datetime
import html
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from plait.display import brief
from plait.errors import CellError
from plait.modalities.date.parsing import (
    DAY_SECONDS,
    LEAST_SECONDS,
    MOST_SECONDS,
    Moment,
    bare_number,
    is_nothing,
    moment_of,
    moment_of_number,
    moment_of_object,
    take_apart,
)
from plait.modalities.date.survey import shown, sureness, survey
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.nulls import is_null_word
from plait.modalities.survey import Survey
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

PERIODS = {"month": 12.0, "day": 31.0, "weekday": 7.0, "minutes": 1440.0}
"""Parts that come round again, and after how many."""

PARTS = ("days", "year", *PERIODS)


@brief
@dataclass(frozen=True, kw_only=True)
class DateCodec:
    """Codec of the ``date`` modality.

    Raw is in seconds since 1970 began, on the clock where it was written (zones shift nothing:
    seven in the morning is morning everywhere); for times of day, since midnight. What is later
    or earlier than all of training counts as its last or first day: trends are not continued.

    Attributes:
        order: What comes first in ``01/03/2024``: ``day``, ``month``, or ``year`` (``24/03/01``).
        numbers: What bare numbers are: ``yyyymmdd``, or counts since 1970 of ``s``, ``ms``, ``us``
            or ``ns``; "" where there are none.
        clock: Whether cells are times of day.
        parts: Which of `PARTS` vary in training, and so are used.
        first, last: Days since 1970 of the first and last training value.
    """

    modality: ClassVar[str] = "date"
    version: ClassVar[int] = 1
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(amount=True, moment=True)

    order: str = ""
    numbers: str = ""
    clock: bool = False
    parts: tuple[str, ...] = ()
    first: float = 0.0
    last: float = 0.0

    def __post_init__(self) -> None:
        """Raise `ValueError` for an order or a count that does not exist."""
        for name, value, allowed in (
            ("order", self.order, ("", "day", "month", "year")),
            ("numbers", self.numbers, ("", "yyyymmdd", "s", "ms", "us", "ns")),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed[1:])}, not {value}")

    @property
    def used(self) -> tuple[str, ...]:
        """The parts that are prepared, at least one."""
        return self.parts or (("minutes",) if self.clock else ("days",))

    @property
    def layout(self) -> Layout:
        """``parts``: those that vary, each in its own unit."""
        return {"parts": ArraySpec((len(self.used),), "float32")}

    def detect(self, sample: ColumnSample) -> float:
        return sureness(sample)

    def survey(self, sample: ColumnSample) -> Survey:
        return survey(self, sample)

    def read(self, cell: Cell, media: Media) -> float | None:
        if isinstance(cell, str) and (is_null_word(cell) or is_nothing(cell)):
            return None
        if isinstance(cell, float | datetime.datetime) and cell != cell:  # NaN, pandas' NaT
            return None
        moment = self.moment(cell)
        if moment is None or (not moment.has_date and not self.clock):
            raise CellError(
                "not a date or time" if moment is None else "a time without a date",
                expected="times such as 12:30" if self.clock else "dates such as 2024-03-01",
                received=cell,
                hint="mend the cell, or use --on-error skip to count such cells as missing",
            )
        return moment.seconds % DAY_SECONDS if self.clock else moment.seconds

    def moment(self, cell: Cell) -> Moment | None:
        """Return the moment of a cell, with its zone; None where it is none."""
        if isinstance(cell, str) and (parts := take_apart(cell)) is not None:
            return moment_of(parts, self.order)
        number = bare_number(cell)
        if number is not None:
            return moment_of_number(number, self.numbers) if self.numbers else None
        return moment_of_object(cell)

    def fit(self, raws: Iterable[float]) -> DateCodec:
        seconds = np.fromiter(raws, np.float64)
        if not len(seconds):
            return self
        distinct = np.unique(seconds)
        table = np.array([_take_apart(value) for value in distinct])
        names = ["minutes"] if self.clock else list(PARTS)
        varied = [name for name in names if len(np.unique(table[:, PARTS.index(name)])) > 1]
        first, last = (float(value) / DAY_SECONDS for value in (seconds.min(), seconds.max()))
        return replace(self, parts=tuple(varied), first=first, last=last)

    def prepare(self, raw: float) -> Arrays:
        """``parts``: days since the first, year, month, day, weekday (0 is Monday), minutes."""
        found = dict(zip(PARTS, _take_apart(raw), strict=True))
        found["days"] = min(max(found["days"], self.first), self.last) - self.first
        found["year"] = min(max(found["year"], self.years[0]), self.years[1])
        return {"parts": np.array([found[name] for name in self.used], np.float32)}

    @property
    def years(self) -> tuple[float, float]:
        """The first and last year of training."""
        first, last = (_take_apart(days * DAY_SECONDS)[1] for days in (self.first, self.last))
        return first, last

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Move the day by a few thousandths of the whole time; what comes round stays."""
        parts = arrays["parts"].copy()
        if "days" in self.used:
            parts[self.used.index("days")] += 0.003 * (self.last - self.first) * rng.normal()
        return {"parts": parts}

    def show(self, raw: float) -> Html:
        text = shown(raw).removeprefix("1970-01-01 ") if self.clock else shown(raw)
        text = "00:00" if self.clock and raw == 0 else text
        return f'<span class="date">{html.escape(text)}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        day = datetime.date(2023, 1, 1) + datetime.timedelta(days=int(rng.integers(0, 700)))
        return f"{day.isoformat()} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}"

    def neutral(self) -> float:
        return DAY_SECONDS / 2 if self.clock else (self.first + self.last) / 2 * DAY_SECONDS

    def corrupt(self, raw: float, severity: float, rng: np.random.Generator) -> float:
        """Shift it by up to about half of the whole time."""
        if severity <= 0:
            return raw
        span = 1.0 if self.clock else self.last - self.first
        moved = raw + severity * 0.5 * span * DAY_SECONDS * float(rng.normal())
        return moved % DAY_SECONDS if self.clock else min(max(moved, LEAST_SECONDS), MOST_SECONDS)

    def features(self, arrays: Arrays) -> np.ndarray:
        """Each part as it is, those that come round also as sine and cosine, and the weekend."""
        found: list[float] = []
        for name, value in zip(self.used, arrays["parts"].tolist(), strict=True):
            found.append(value)
            if name in PERIODS:
                angle = 2 * math.pi * value / PERIODS[name]
                found += [math.sin(angle), math.cos(angle)]
            if name == "weekday":
                found.append(float(value >= 5))
        return np.array(found, np.float32)

    def fingerprint(self, raw: float) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return False


def _take_apart(seconds: float) -> tuple[float, ...]:
    """Return the `PARTS` of a moment; days are since 1970, with their fraction."""
    days, rest = divmod(min(max(seconds, LEAST_SECONDS), MOST_SECONDS), DAY_SECONDS)
    date = datetime.date.fromordinal(int(days) + 719_163)
    whole = days + rest / DAY_SECONDS
    return whole, date.year, date.month, date.day, date.weekday(), rest / 60.0
