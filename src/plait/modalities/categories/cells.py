"""Takes cells apart into labels: separated text, JSON lists, lists and arrays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from plait.errors import CellError
from plait.types import Cell

SEPARATORS = (";", "|")
"""Marks that separate labels wherever they stand; a comma does only where it is said or evident."""

MAX_LABEL_CHARACTERS = 200


def split_labels(text: str, separator: str = "") -> tuple[str, ...]:
    """Return the labels of ``"a;b;c"`` without blanks around them, empty pieces and repeats.

    >>> split_labels("red; blue|red"), split_labels("red, blue"), split_labels("a, b", ",")
    (('red', 'blue'), ('red, blue',), ('a', 'b'))
    """
    marks = [separator] if separator else SEPARATORS
    for mark in marks[1:]:
        text = text.replace(mark, marks[0])
    pieces = (piece.strip() for piece in text.split(marks[0]))
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def read_labels(cell: Cell, separator: str = "") -> tuple[str, ...]:
    """Return a cell's labels; an empty list is a set without labels. Raises `CellError`."""
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, str) and cell.strip()[:1] == "[":
        cell = _parse_list(cell)
    if isinstance(cell, str):
        return _checked(split_labels(cell, separator), cell)
    if isinstance(cell, bool | int | float | np.number):
        return (_text(cell),)
    if isinstance(cell, list | tuple | set | frozenset):
        items = sorted(cell, key=str) if isinstance(cell, set | frozenset) else cell
        if all(isinstance(item, str | bool | int | float | np.number | None) for item in items):
            labels = (_text(item).strip() for item in items if item is not None)
            return _checked(tuple(dict.fromkeys(label for label in labels if label)), cell)
    raise CellError(
        "the cell does not hold labels",
        expected='labels as "a;b", a JSON list or a list',
        received=cell,
    )


def comma_is_evident(cells: Iterable[str]) -> bool:
    """Tell whether commas separate labels: short pieces that come back, in ever new combinations.

    Text has commas too, but what stands between them seldom comes back; ``City, Country`` comes
    back, but in no more combinations than there are cities.
    """
    cells = list(cells)
    sets = [split_labels(cell, ",") for cell in cells]
    num_labels = len({label for labels in sets for label in labels})
    return sureness_of_sets(sets) > 0.8 and len(set(cells)) > num_labels


def sureness_of_sets(sets: Sequence[Sequence[str]]) -> float:
    """How much cells, taken apart, look like sets of labels from a closed list, in [0, 1]."""
    pieces = [piece for labels in sets for piece in labels]
    several = sum(len(labels) > 1 for labels in sets) / max(len(sets), 1)
    wordy = sum(len(piece) > 40 or piece.count(" ") > 4 for piece in pieces)
    if not pieces or several < 0.1 or wordy > 0.02 * len(pieces):
        return 0.0
    counts = Counter(pieces)
    repeated = sum(count for count in counts.values() if count > 1) / len(pieces)
    return min(1.0, max(0.0, (repeated - 0.5) / 0.4))


def _parse_list(text: str) -> Cell:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CellError(
            "the cell is not a valid JSON list",
            expected='["red", "blue"]',
            received=text,
            hint=str(error),
        ) from None


def _text(item: object) -> str:
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    return str(item)


def _checked(labels: tuple[str, ...], cell: Cell) -> tuple[str, ...]:
    longest = max(map(len, labels), default=0)
    if longest > MAX_LABEL_CHARACTERS:
        raise CellError(
            "a label is too long",
            expected=f"at most {MAX_LABEL_CHARACTERS} characters",
            received=cell,
            hint="is this column text? use --columns NAME=text",
        )
    return labels
