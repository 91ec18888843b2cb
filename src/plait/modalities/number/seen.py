"""Counts what is in the cells of a column of numbers: numbers, and words for limits or nothing."""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from plait.modalities.nulls import NULL_WORDS
from plait.modalities.number.written import Written, duration, take_apart
from plait.types import Cell

if TYPE_CHECKING:
    from plait.modalities.number.codec import NumberCodec

_BELOW = (
    "nd n.d. n.d bdl bld blq blod bloq lod loq lloq <lod <loq <lloq <dl undetectable undetected "
    "nondetect nn n.n. n.n"
)
BELOW_WORDS = frozenset(
    [*_BELOW.split()]
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
    texts: Counter[str] = Counter(cell for cell in cells if isinstance(cell, str))
    for cell in cells if texts.total() < len(cells) else ():
        if isinstance(cell, str):
            continue
        if isinstance(cell, datetime.timedelta):
            seen.numbers[duration(cell.total_seconds())] += 1
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
    numbers = list(map(float, texts))
    values = Counter(dict(zip(numbers, texts.values(), strict=True)))
    if len(values) < len(numbers):  # one number, written in several ways
        values = Counter()
        for number, count in zip(numbers, texts.values(), strict=True):
            values[number] += count
    return values


def plain_number(cell: Cell) -> float | None:
    """Return a cell that is a number already as a float; None for text, truth and the infinite."""
    if isinstance(cell, bool | str | bytes | np.bool_):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
