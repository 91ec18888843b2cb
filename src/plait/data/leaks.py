"""Suspects leaks: columns that tell the target all by themselves, or two of them together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from plait.data.predictive_power import (
    LEAST_ROWS,
    coded,
    codes_of,
    is_many,
    numbers_of,
    power_of_codes,
    power_of_numbers,
    power_of_pair,
)
from plait.spacing import evenly_spaced
from plait.types import Cell

SUSPICIOUS = 0.95
MAX_COMPARED = 4000
"""Rows that are looked at, spread over the table."""

MAX_PAIRED = 14
"""Columns of which every pair is looked at: those that tell the target best."""

GAINED_TOGETHER = 0.1
"""How much better than the better one two columns must tell the target to count as a pair."""

LEAST_TEXTS, MAX_WORDS = 3, 60
"""Texts that a telling word must be in; words of a text that are looked at."""

MAX_CHARACTERS = 5_000_000
"""Of all texts in which their labels are looked for: of long ones, fewer are looked at."""

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_NUMBERED = re.compile(r"[^\d\s]*(\d{1,15})[^\d\s]*")


@dataclass(frozen=True)
class Leak:
    """Columns that tell the target.

    Attributes:
        columns: One column, two that do together, or none where the order of the rows does.
        score: Part of what can be told that they tell, in [0, 1].
        how: ``alone``, ``absence`` (whether a cell is there), ``together`` or ``order``.
    """

    columns: tuple[str, ...]
    score: float
    how: str

    @property
    def reason(self) -> str:
        """What to check, in words that go on from the column's name."""
        told = f"({self.score:.1%} of what can be told)"
        return {
            "alone": f"tells the target by itself {told}: check that it is known when the model is "
            "used, and was not made from the target",
            "absence": f"tells the target by being there or missing {told}: check that it is "
            "missing for the same reason when the model is used",
            "together": f"tell the target together {told}: check that it was not computed from "
            "them, and that both are known when the model is used",
            "order": f"the order of the rows tells the target {told}: check that no number, time "
            "or file name among the inputs follows it",
        }[self.how]


def find_leaks(
    columns: Mapping[str, Sequence[Cell]], target: Sequence[Cell], *, opaque: frozenset[str]
) -> list[Leak]:
    """Return what tells the target suspiciously well; the names alone, then pairs, then the order.

    Of an even sample of 4,000 rows, every second is guessed from the others. A strong honest
    column looks the same as a leak: only a person can tell.

    Args:
        columns: Column name -> cells, None where missing; numbers and times as numbers.
        target: The target's cells, None where missing.
        opaque: Columns of which only what is missing counts (media: the model sees no paths).
    """
    known = [row for row, value in enumerate(target) if value is not None]
    if len(known) < LEAST_ROWS:
        return []
    known = [known[place] for place in evenly_spaced(len(known), MAX_COMPARED)]
    truth = [target[row] for row in known]
    found: list[Leak] = []
    alone: dict[str, float] = {}
    for name, cells in columns.items():
        part = [cells[row] for row in known]
        absence = presence_power(part, truth)
        alone[name] = 0.0 if name in opaque else predictive_power(part, truth)
        if alone[name] >= SUSPICIOUS:
            found.append(Leak((name,), alone[name], "alone"))
        elif absence >= SUSPICIOUS:
            found.append(Leak((name,), absence, "absence"))
    told = {column for leak in found for column in leak.columns}
    rest = {n: [columns[n][row] for row in known] for n in columns if n not in opaque | told}
    found += _pairs(rest, truth, alone)
    order = predictive_power(np.asarray(known, float).tolist(), truth)
    return found + ([Leak((), order, "order")] if order >= SUSPICIOUS else [])


def predictive_power(cells: Sequence[Cell], target: Sequence[Cell]) -> float:
    """Return how well a column alone tells the target, from 0 (not at all) to 1 (exactly).

    Every second row is guessed from the others: a label by the commonest target (or mean) of
    the same label, a number (an identifier's too) by the targets of the numbers around it, an
    identifier also by its letters. The
    score is accuracy beyond the commonest class, or R2. A text that is seldom the same twice tells
    the target when it contains the name of its class, or a word that no other class has.

    Args:
        cells: The column, None where missing.
        target: The target, no None.
    """
    if len(cells) < LEAST_ROWS:
        return 0.0
    truth, is_number = coded(target)
    numbers, of_letters = numbers_of(cells), 0.0
    if numbers is None and (numbers := _numbered(cells)) is not None:
        of_letters = power_of_codes(codes_of(_letters(cells)), truth, is_number)
    if numbers is not None and is_many(numbers):
        return max(of_letters, power_of_numbers(numbers, truth, is_number))
    labels = codes_of(["" if cell is None else str(cell).strip() for cell in cells])
    if labels.max() < len(cells) // 2:
        return power_of_codes(labels, truth, is_number)
    named = _share_named(cells, target)
    return named if is_number else max(named, _by_words(cells, truth))


def presence_power(cells: Sequence[Cell], target: Sequence[Cell]) -> float:
    """Return how well it tells the target whether a cell is there."""
    there = np.array([cell is not None for cell in cells], np.int64)
    if len(cells) < LEAST_ROWS or there.all() or not there.any():
        return 0.0
    truth, is_number = coded(target)
    return power_of_codes(there, truth, is_number)


def _pairs(
    columns: Mapping[str, Sequence[Cell]], target: Sequence[Cell], alone: Mapping[str, float]
) -> list[Leak]:
    """Return pairs that tell the target together; of many columns, among the best alone."""
    chosen = sorted(columns, key=lambda name: -alone[name])[:MAX_PAIRED]
    truth, is_number = coded(target)
    found = []
    for one, other in combinations(sorted(chosen, key=list(columns).index), 2):
        score = power_of_pair(columns[one], columns[other], truth, is_number)
        if score >= max(SUSPICIOUS, max(alone[one], alone[other]) + GAINED_TOGETHER):
            found.append(Leak((one, other), score, "together"))
    return found


def _numbered(cells: Sequence[Cell]) -> np.ndarray | None:
    """Return the numbers in identifiers such as ``P-00012``; None when a cell is no such thing."""
    found = []
    for cell in cells:
        match = None if cell is None else _NUMBERED.fullmatch(str(cell).strip())
        if cell is not None and match is None:
            return None
        found.append(np.nan if match is None else float(match[1]))
    return np.array(found)


def _letters(cells: Sequence[Cell]) -> list[str]:
    """Return what stands around the numbers of identifiers: ``Q`` of ``Q42``."""
    return ["" if cell is None else _DIGITS.sub("0", str(cell).strip()) for cell in cells]


def _share_named(cells: Sequence[Cell], target: Sequence[Cell]) -> float:
    """Return the share of texts that contain their own label, less that of a label by chance.

    Labels under three letters must stand as words of their own.
    """
    labels = [_plain(value) for value in target]
    if len(set(labels)) < 2 or not all(labels):
        return 0.0
    some = _rows_to_read(cells)
    labels = [labels[row] for row in some]
    texts = ["" if cells[row] is None else f" {_plain(cells[row])} " for row in some]
    marks = [label if len(label) >= 3 else f" {label} " for label in labels]
    others = np.random.default_rng(0).permutation(len(marks))
    own = sum(mark in text for mark, text in zip(marks, texts, strict=True)) / len(marks)
    chance = sum(marks[o] in t for o, t in zip(others, texts, strict=True)) / len(marks)
    return max(0.0, (own - chance) / (1 - chance)) if chance < 1 else 0.0


def _by_words(cells: Sequence[Cell], truth: np.ndarray) -> float:
    """Return how well one word tells a text's class: a code, a phrase of a form.

    A text's class is guessed by that of its words which is purest in every second text.
    """
    known = np.arange(len(cells)) % 2 == 0
    texts = [_first_words(cell) for cell in cells]
    num_classes = int(truth.max()) + 1
    counts: dict[str, np.ndarray] = {}
    for row in np.flatnonzero(known):
        for word in texts[row]:
            counts.setdefault(word, np.zeros(num_classes))[truth[row]] += 1
    usual = np.bincount(truth[known], minlength=num_classes)
    purest = {
        word: (float(seen.max() / (seen.sum() + 1)), int(seen.argmax()))
        for word, seen in counts.items()
        if seen.sum() >= LEAST_TEXTS
    }
    guess = [
        max((purest[word] for word in texts[row] if word in purest), default=(0, usual.argmax()))[1]
        for row in np.flatnonzero(~known)
    ]
    accuracy = float((np.array(guess) == truth[~known]).mean())
    base = float(np.bincount(truth[~known]).max()) / int((~known).sum())
    return max(0.0, (accuracy - base) / (1 - base)) if base < 1 else 0.0


def _rows_to_read(cells: Sequence[Cell]) -> list[int]:
    """Return rows, evenly spread, whose texts are not too long together."""
    length = sum(len(str(cell)) for cell in cells if cell is not None)
    num = max(LEAST_ROWS, len(cells) * MAX_CHARACTERS // max(length, 1))
    rows: list[int] = evenly_spaced(len(cells), num).tolist()
    return rows


def _first_words(cell: Cell) -> tuple[str, ...]:
    """Return the first words of a text, each once; what comes later is not even looked at."""
    text = "" if cell is None else str(cell).casefold()
    words = islice(_WORD.finditer(text), MAX_WORDS)
    return tuple(dict.fromkeys(match[0] for match in words))


def _plain(value: Cell) -> str:
    return " ".join(_WORD.findall(str(value).casefold()))
