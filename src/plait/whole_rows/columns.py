"""Columns as codes: each value a number or several, and back to cells that read like the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from plait.types import Cell
from plait.whole_rows.bins import Bins
from plait.whole_rows.written import Writing

MISSING = 0
"""The code of a cell that holds nothing, of every variable."""

MOST_LABELS = 1000
"""Of a column; its rarer labels are never drawn."""

MOST_IN_SETS = 64
"""Labels of a column of sets, each a variable of its own; rarer ones are never drawn."""

ABSENT, THERE = 1, 2
"""Codes of a label of a set. The first variable of a set tells whether the cell holds anything."""


class Variable(NamedTuple):
    """One of the numbers that a column is drawn as.

    Attributes:
        size: Codes lie in 0 to ``size - 1``; 0 is `MISSING`.
        ordered: Whether the codes after it are in an order that means something.
    """

    size: int
    ordered: bool


class CodedColumn(Protocol):
    """A column whose values can be told in codes, and be made of them again.

    Raw is what the column's codec reads: a number, a label, a tuple of labels; None where missing.
    """

    kind: ClassVar[str]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What it is told in, at least one."""

    def encode(self, raws: Sequence[Any]) -> np.ndarray:
        """Return codes, int64 ``[row, variable]``; a label that is not known counts as missing."""

    def decode(self, codes: np.ndarray, places: np.ndarray) -> list[Any]:
        """Return Raw of codes ``[row, variable]``.

        Args:
            codes: As of `encode`.
            places: ``[row]`` in [0, 1): where in its bin a number lies.
        """

    def write(self, raws: Sequence[Any]) -> list[Cell]:
        """Return values as cells of the table hold them."""

    def knows(self, raw: Any) -> bool:
        """Tell whether a value can be told in codes without being taken for another."""

    def features(self, raws: Sequence[Any]) -> np.ndarray:
        """Return what trees learn from, float64 ``[row, feature]``; NaN where missing."""

    def facts(self) -> dict[str, Any]:
        """Return all of it as plain data, for `column_from`."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Numbers, dates or times, in bins.

    Attributes:
        bins: Which values are told apart.
        writing: How they stand in cells.
    """

    kind: ClassVar[str] = "numbers"
    bins: Bins
    writing: Writing

    @property
    def variables(self) -> tuple[Variable, ...]:
        coarse = Variable(1 + self.bins.num_coarse, True)
        return (coarse, Variable(1 + self.bins.num_fine, True)) if self.bins.num_fine else (coarse,)

    def encode(self, raws: Sequence[Any]) -> np.ndarray:
        return self.bins.encode(_floats(raws))

    def decode(self, codes: np.ndarray, places: np.ndarray) -> list[Any]:
        values = self.bins.decode(codes, places)
        return [None if value != value else value for value in values.tolist()]

    def write(self, raws: Sequence[Any]) -> list[Cell]:
        return self.writing.cells(raws)

    def knows(self, raw: Any) -> bool:
        return raw is None or self.bins.low <= raw <= self.bins.high

    def features(self, raws: Sequence[Any]) -> np.ndarray:
        return _floats(raws)[:, None]

    def facts(self) -> dict[str, Any]:
        return {"kind": self.kind, "bins": self.bins.facts(), "writing": self.writing.facts()}


@dataclass(frozen=True, kw_only=True)
class Labels:
    """One of a closed set of labels.

    Attributes:
        labels: The most frequent first.
        cells: How each stands in the table most often.
    """

    kind: ClassVar[str] = "labels"
    labels: tuple[str, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, raws: Sequence[Any], cells: Sequence[Cell]) -> Labels:
        """Learn the labels of rows, and how the table writes them."""
        seen: dict[str, Counter[Cell]] = {}
        for raw, cell in zip(raws, cells, strict=True):
            if raw is not None:
                seen.setdefault(raw, Counter())[cell] += 1
        ranked = sorted(seen, key=lambda label: (-seen[label].total(), label))[:MOST_LABELS]
        usual = (min(seen[one], key=lambda c: (-seen[one][c], str(c))) for one in ranked)
        return cls(labels=tuple(ranked), cells=tuple(map(_plain, usual)))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable(1 + len(self.labels), False),)

    def encode(self, raws: Sequence[Any]) -> np.ndarray:
        numbers = {label: place for place, label in enumerate(self.labels, 1)}
        return np.array([[numbers.get(raw, MISSING)] for raw in raws], np.int64).reshape(-1, 1)

    def decode(self, codes: np.ndarray, places: np.ndarray) -> list[Any]:
        known = (None, *self.labels)
        return [known[code] for code in codes[:, 0].tolist()]

    def write(self, raws: Sequence[Any]) -> list[Cell]:
        known = dict(zip(self.labels, self.cells, strict=True))
        return [known.get(raw) for raw in raws]

    def knows(self, raw: Any) -> bool:
        return raw is None or raw in self.labels

    def features(self, raws: Sequence[Any]) -> np.ndarray:
        codes = self.encode(raws).astype(np.float64)
        return np.where(codes == MISSING, np.nan, codes)

    def facts(self) -> dict[str, Any]:
        return {"kind": self.kind, "labels": list(self.labels), "cells": list(self.cells)}


@dataclass(frozen=True, kw_only=True)
class LabelSets:
    """Sets of labels: whether there is a set at all, then yes or no for each label.

    Attributes:
        labels: The most frequent first.
        separator: Between labels in a cell; "" where cells are lists.
    """

    kind: ClassVar[str] = "label sets"
    labels: tuple[str, ...]
    separator: str

    @classmethod
    def of(cls, raws: Sequence[Any], cells: Sequence[Cell]) -> LabelSets:
        """Learn the labels of rows, and what stands between them."""
        counts = Counter(label for raw in raws if raw is not None for label in raw)
        ranked = sorted(counts, key=lambda label: (-counts[label], label))[:MOST_IN_SETS]
        texts = [cell for cell in cells if isinstance(cell, str)]
        marks = {mark: sum(mark in text for text in texts) for mark in (";", "|", ",")}
        separator = max(marks, key=lambda mark: marks[mark]) if texts else ""
        return cls(labels=tuple(ranked), separator=separator)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable(THERE + 1, False),) * (1 + len(self.labels))

    def encode(self, raws: Sequence[Any]) -> np.ndarray:
        found = np.zeros((len(raws), 1 + len(self.labels)), np.int64)
        for row, raw in enumerate(raws):
            if raw is not None:
                found[row] = [THERE, *(THERE if one in raw else ABSENT for one in self.labels)]
        return found

    def decode(self, codes: np.ndarray, places: np.ndarray) -> list[Any]:
        return [
            None
            if row[0] == MISSING
            else tuple(label for label, code in zip(self.labels, row[1:], strict=True) if code == 2)
            for row in codes.tolist()
        ]

    def write(self, raws: Sequence[Any]) -> list[Cell]:
        if not self.separator:
            return [None if raw is None else list(raw) for raw in raws]
        return [None if raw is None else self.separator.join(raw) for raw in raws]

    def knows(self, raw: Any) -> bool:
        return raw is None or set(raw) <= set(self.labels)

    def features(self, raws: Sequence[Any]) -> np.ndarray:
        codes = self.encode(raws).astype(np.float64)
        return np.where(codes == MISSING, np.nan, codes)

    def facts(self) -> dict[str, Any]:
        return {"kind": self.kind, "labels": list(self.labels), "separator": self.separator}


def column_from(facts: Mapping[str, Any]) -> CodedColumn:
    """Return the column that `CodedColumn.facts` told. Raises `ValueError` for another kind."""
    if facts["kind"] == Numbers.kind:
        return Numbers(bins=Bins.of_facts(facts["bins"]), writing=Writing(**facts["writing"]))
    if facts["kind"] == Labels.kind:
        return Labels(labels=tuple(facts["labels"]), cells=tuple(facts["cells"]))
    if facts["kind"] == LabelSets.kind:
        return LabelSets(labels=tuple(facts["labels"]), separator=str(facts["separator"]))
    raise ValueError(f"unknown kind of column: {facts['kind']}")


def sizes_of(columns: Mapping[str, CodedColumn]) -> tuple[Variable, ...]:
    """Return the variables of all columns, one behind the other."""
    return tuple(variable for column in columns.values() for variable in column.variables)


def spans_of(columns: Mapping[str, CodedColumn]) -> dict[str, slice]:
    """Return column -> the places of its variables among those of all."""
    found, first = {}, 0
    for name, column in columns.items():
        found[name] = slice(first, first + len(column.variables))
        first = found[name].stop
    return found


def _floats(raws: Sequence[Any]) -> np.ndarray:
    return np.array([np.nan if raw is None else float(raw) for raw in raws], np.float64)


def _plain(cell: Cell) -> Cell:
    """Return a cell as JSON can hold it."""
    return cell.item() if isinstance(cell, np.generic) else cell
