"""Reads a column of numbers by what its cells together decide: signs and unit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plait.modalities.number.seen import Seen, look
from plait.modalities.number.style import Signs, decide_signs
from plait.modalities.number.units import conversion, is_currency, is_known
from plait.modalities.number.written import to_number
from plait.types import Cell

if TYPE_CHECKING:
    from plait.modalities.number.codec import NumberCodec

LEAST_SHARE = 0.9
"""A column is one of numbers where at least so many of its cells are."""

LEAST_SAME = 0.5
"""An unknown unit must stand in so many cells: words behind numbers come in many kinds."""


@dataclass(kw_only=True)
class Reading:
    """How a column of numbers is read, and how well that goes.

    Attributes:
        seen: The cells.
        signs: Decimal and thousands signs.
        unit: What all numbers are in; "" for none.
        units: Unit -> how often, where there is one.
        unlike: Units that do not convert, with a cell's digits.
        misfits: Numbers whose digits do not fit the signs, with how often.
        values: Number -> how often, in the unit.
        limits: The same of limits, by side.
    """

    seen: Seen
    signs: Signs
    unit: str
    units: Counter[str]
    unlike: Counter[str]
    misfits: Counter[str]
    values: Counter[float]
    limits: dict[int, Counter[float]]

    @property
    def share(self) -> float:
        """The share of cells that are numbers or limits, among those that say anything."""
        words = self.seen.words
        num_words = sum(words["below"].values()) + sum(words["above"].values())
        num_told = self.seen.num - sum(words["null"].values())
        num_values = sum(self.values.values())
        return (num_values + num_words) / num_told if num_values else 0.0

    @property
    def is_plain(self) -> bool:
        """Whether there are no units, no limits, and no words for these."""
        words = self.seen.words["below"] or self.seen.words["above"]
        return not (self.unit or any(self.limits.values()) or words)


_last: list[tuple[NumberCodec, Sequence[Cell], Reading]] = []


def read_all(codec: NumberCodec, cells: Sequence[Cell]) -> Reading:
    """Read a column's cells by what they all together decide; the last answer is remembered."""
    for known, same, found in _last:
        if same is cells and known == codec:
            return found
    found = _read_all(codec, cells)
    _last[:] = [(codec, cells, found)]
    return found


def _read_all(codec: NumberCodec, cells: Sequence[Cell]) -> Reading:
    seen = look(codec, cells)
    units = Counter[str]()
    for written, count in seen.numbers.items():
        if written.unit:
            units[written.unit] += count
    unit = codec.unit or _commonest(units)
    if not codec.unit and not is_known(unit) and units[unit] < LEAST_SAME * seen.numbers.total():
        unit = ""
    signs = decide_signs(seen.numbers.items(), codec.decimal, whole=is_currency(unit))
    thousands = codec.thousands or signs.thousands
    found = Reading(
        seen=seen,
        signs=signs,
        unit=unit,
        units=units,
        unlike=Counter(),
        misfits=Counter(),
        values=Counter(seen.values),
        limits={-1: Counter(), 1: Counter()},
    )
    for written, count in seen.numbers.items():
        value = to_number(written, signs.decimal, thousands)
        change = conversion(written.unit, unit)
        if value is None or not math.isfinite(value):
            found.misfits[written.digits] += count
        elif change is None:
            found.unlike[written.unit] += count
        else:
            value = value * change[0] + change[1]
            found.values[value] += count
            if written.side:
                found.limits[written.side][value] += count
    return found


def _commonest(units: Counter[str]) -> str:
    """Return the commonest unit; among spellings of one, the commonest spelling."""
    if not units:
        return ""
    shares = {
        unit: sum(count for other, count in units.items() if conversion(other, unit) == (1.0, 0.0))
        for unit in units
    }
    return max(units, key=lambda unit: (shares[unit], units[unit], unit))
