"""Looks over a column of numbers: its signs, unit, limits, and words for nothing or too little."""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.modalities.codes import reason_for_codes
from plait.modalities.nulls import NULL_WORDS
from plait.modalities.number.style import Signs, decide_signs
from plait.modalities.number.units import conversion, is_currency, is_known
from plait.modalities.number.written import Written, take_apart, to_number
from plait.modalities.survey import Survey
from plait.types import Cell, ColumnSample

if TYPE_CHECKING:
    from plait.modalities.number.codec import NumberCodec

BELOW_WORDS = frozenset(
    [
        "nd",
        "n.d.",
        "n.d",
        "bdl",
        "bld",
        "blq",
        "blod",
        "bloq",
        "lod",
        "loq",
        "lloq",
        "<lod",
        "<loq",
        "<lloq",
        "<dl",
        "undetectable",
        "undetected",
        "nondetect",
        "nn",
        "n.n.",
        "n.n",
    ]
    + ["not detected", "not detectable", "non-detect", "non detect", "below detection"]
    + ["below detection limit", "below lod", "below limit", "nicht nachweisbar", "< lod", "< loq"]
)
ABOVE_WORDS = frozenset(
    ["tntc", "overrange", "over range", "overflow", "saturated", ">uloq", ">max", "above range"]
)
"""Lower case: too little, or too much, to be measured."""

PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?")
_EVIDENT = re.compile(r"-?(?:\d+\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+)")
"""Numbers that every computer writes; and those whose point cannot group thousands."""

LEAST_SHARE = 0.9
"""A column is one of numbers where at least so many of its cells are."""

LEAST_SAME = 0.5
"""An unknown unit must stand in so many cells: words behind numbers come in many kinds."""


@dataclass(kw_only=True)
class Seen:
    """What a column's cells are, counted.

    Attributes:
        num: Cells in all.
        values: Number -> how often, of all that could be read.
        numbers: Parts of numbers in text -> how often.
        words: ``below``, ``above``, ``null`` -> word -> how often.
        strange: Cells that are nothing of these, with how often.
    """

    num: int = 0
    values: Counter[float] = field(default_factory=Counter)
    numbers: Counter[Written] = field(default_factory=Counter)
    words: dict[str, Counter[str]] = field(default_factory=dict)
    strange: Counter[str] = field(default_factory=Counter)


def kind_of_word(text: str, codec: NumberCodec) -> str:
    """Return ``below``, ``above`` or ``null`` for a word, "" for anything else.

    What the column's own settings say comes before the words known here.
    """
    word = text.strip().lower()
    for kind, own in (
        ("null", codec.null_words),
        ("below", codec.below_words),
        ("above", codec.above_words),
        ("null", NULL_WORDS),
        ("below", BELOW_WORDS),
        ("above", ABOVE_WORDS),
    ):
        if word in own:
            return kind
    return ""


def look(codec: NumberCodec, cells: Sequence[Cell]) -> Seen:
    """Count what the cells of a column are."""
    seen = Seen(num=len(cells), words={"below": Counter(), "above": Counter(), "null": Counter()})
    texts: Counter[str] = Counter()
    for cell in cells:
        if isinstance(cell, str):
            texts[cell] += 1
        elif (value := plain_number(cell)) is not None:
            seen.values[value] += 1
        else:
            seen.strange[repr(cell)[:60]] += 1
    if codec.decimal in ("", ".") and (values := _plain_texts(texts)) is not None:
        seen.values.update(values)
        return seen
    for text, count in texts.items():
        if kind := kind_of_word(text, codec):
            seen.words[kind][text.strip().lower()] += count
        elif (written := take_apart(text)) is not None:
            seen.numbers[written] += count
        else:
            seen.strange[text] += count
    return seen


def _plain_texts(texts: Counter[str]) -> Counter[float] | None:
    """Return the numbers of texts that all are plain, at least one with an evident decimal point.

    None where the slow way must decide; it finds the same, and is never the faster one.
    """
    if not all(map(PLAIN.fullmatch, texts)) or not any(map(_EVIDENT.fullmatch, texts)):
        return None
    values = Counter[float]()
    for text, count in texts.items():
        values[float(text)] += count
    return values


def plain_number(cell: Cell) -> float | None:
    """Return a cell that is a number already as a float; None for text, truth and the infinite."""
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    if isinstance(cell, bool | str | bytes | np.bool_):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


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
        """The share of cells that are numbers or words for limits, among those that say anything."""
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
        change = (
            (1.0, 0.0) if not written.unit else conversion(written.unit, unit) if unit else None
        )
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


def survey(codec: NumberCodec, sample: ColumnSample) -> Survey:
    """Return what a column's cells decide of its reading, and what is to be said."""
    found = read_all(codec, sample.values)
    reason = reason_for_codes(sample.name, sample.values)
    dirty = found.share >= LEAST_SHARE / 2 and found.seen.num > 1
    refused, witnesses = "", ()
    if reason and found.share >= LEAST_SHARE:
        refused = f"{reason}: --columns {sample.name}=number reads amounts"
    elif dirty and found.unlike and is_known(found.unit):
        refused = _unlike(found)
        witnesses = _witnesses(found, sample.values)
    elif dirty and any(_is_simple(digits) for digits in found.misfits):
        refused = f"decimal signs differ: '{next(iter(found.misfits))}' does not fit the others"
        refused += f"; --columns \"{sample.name}=number{{decimal: '.,'}}\" takes both for one"
    facts = facts_of(found)
    return Survey(
        settings=_settings(codec, found),
        said=_said(found, codec, sample.name),
        facts=facts,
        ambiguous=_other_sign(found),
        refused=refused,
        witnesses=witnesses,
    )


def _is_simple(digits: str) -> bool:
    return sum(not sign.isdigit() for sign in digits) == 1


def _unlike(found: Reading) -> str:
    others = ", ".join(sorted(found.unlike)[:4])
    return f"its numbers are in units that do not convert: {found.unit} and {others}"


def _witnesses(found: Reading, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return one cell of the column's unit and the first of each that does not convert to it."""
    first: dict[str, Cell] = {}
    for cell in cells:
        written = take_apart(cell) if isinstance(cell, str) else None
        if written is not None and written.unit in {found.unit, *found.unlike}:
            first.setdefault(written.unit, cell)
    return tuple(first.values())[:4]


def _settings(codec: NumberCodec, found: Reading) -> dict[str, Any]:
    """Return the codec's fields that the cells decide and the person left open."""
    settings: dict[str, Any] = {}
    signs = [
        sign for written in found.seen.numbers for sign in written.digits if not sign.isdigit()
    ]
    if not codec.decimal and "," in found.signs.decimal + found.signs.thousands:
        settings["decimal"] = found.signs.decimal
    if not codec.thousands and found.signs.thousands and signs:
        settings["thousands"] = found.signs.thousands
    if not codec.unit and found.unit:
        settings["unit"] = found.unit
    for kind in ("below", "above", "null"):
        own = getattr(codec, f"{kind}_words")
        words = sorted(set(found.seen.words[kind]) - set(own))
        if words and not own:
            settings[f"{kind}_words"] = words
    known = found.values
    if codec.floor is None and found.seen.words["below"] and known:
        settings["floor"] = min(found.limits[-1] or known)
    if codec.ceiling is None and found.seen.words["above"] and known:
        settings["ceiling"] = max(found.limits[1] or known)
    return settings


def _said(found: Reading, codec: NumberCodec, name: str) -> tuple[str, ...]:
    said, words = [], found.seen.words
    if found.signs.decimal == "," and found.seen.numbers:
        shown = f", as in '{found.signs.evidence}'" if found.signs.evidence else ""
        said.append(f"decimal comma{shown}")
    if found.signs.thousands:
        shown = {" ": "blank", "'": "apostrophe"}
        signs = " ".join(shown.get(sign, f"'{sign}'") for sign in found.signs.thousands)
        said.append(f"thousands by {signs}")
    if other := _other_sign(found):
        said.append(
            f"'{found.signs.doubt}' is read as {_shown_doubt(found)}, but nothing says whether its "
            f'sign is decimal: --columns "{name}=number{{{other}}}"'
        )
    if found.unit:
        others = sorted(unit for unit in found.units if conversion(unit, found.unit) != (1.0, 0.0))
        converted = [unit for unit in others if unit not in found.unlike]
        said.append(f"in {found.unit}" + (f", {', '.join(converted)} converted" * bool(converted)))
        num_bare = sum(n for w, n in found.seen.numbers.items() if not w.unit)
        said += [f"cells without a unit are taken to be in {found.unit}"] if num_bare else []
    limits = [("at most" if side < 0 else "at least", found.limits[side]) for side in (-1, 1)]
    said += [f"some are only {word} a limit, such as {next(iter(v)):g}" for word, v in limits if v]
    for kind, meaning in (("below", "too little to measure"), ("above", "too much to measure")):
        if words[kind]:
            said.append(f"{_quoted(words[kind])} taken as {meaning}")
    if words["null"]:
        said.append(f"{_quoted(words['null'])} taken as missing")
    if any(written.bracketed for written in found.seen.numbers):
        said.append("numbers in brackets are negative")
    return tuple(said)


def _quoted(words: Mapping[str, int]) -> str:
    return ", ".join(f"'{word}'" for word in list(words)[:3])


def _other_sign(found: Reading) -> str:
    """Return the setting that would read doubtful cells otherwise, or ""."""
    if not found.signs.doubt:
        return ""
    if "," in found.signs.doubt:
        return "decimal: ','"
    return "decimal: ','" if sum("." in w.digits for w in found.seen.numbers) > 1 else ""


def _shown_doubt(found: Reading) -> str:
    digits = found.signs.doubt
    return digits.replace(",", "") if "," in digits else digits


def facts_of(found: Reading) -> dict[str, Any]:
    """Return JSON-ready counts; empty where the cells are plain numbers."""
    seen, facts = found.seen, dict[str, Any]()
    if found.signs.decimal != "." or found.signs.thousands:
        facts |= {"decimal": found.signs.decimal, "thousands": found.signs.thousands}
    if found.unit:
        facts["unit"] = found.unit
        facts["units"] = dict(found.units.most_common(8))
    words = {kind: dict(found.seen.words[kind].most_common(8)) for kind in ("below", "above")}
    num_below = sum(found.limits[-1].values()) + sum(seen.words["below"].values())
    num_above = sum(found.limits[1].values()) + sum(seen.words["above"].values())
    if num_below or num_above:
        facts |= {"num_below": num_below, "num_above": num_above}
        facts |= {f"{kind}_words": found for kind, found in words.items() if found}
    if num := sum(count for written, count in seen.numbers.items() if written.about):
        facts["num_about"] = num
    if seen.words["null"]:
        facts["num_null_words"] = sum(seen.words["null"].values())
        facts["null_words"] = dict(seen.words["null"].most_common(8))
    strange = found.misfits + found.unlike + seen.strange
    if strange:
        facts["strange"] = dict(strange.most_common(4))
    return facts
