"""Splits rows into train, validation, test: whole groups, no near-duplicate on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.allotting import allot_rows, allot_units, fill_empty
from plait.data.duplicates import Shared, label_units, shared_rows
from plait.data.table import Table
from plait.data.times import time_reader
from plait.errors import TableError, UsageError
from plait.types import Cell, is_missing

NAMES = ("train", "validation", "test")
TRAIN, VALIDATION, TEST, NOWHERE = 0, 1, 2, -1
WORDS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "val": VALIDATION,
    "valid": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
}


@dataclass(frozen=True)
class Splits:
    """Row numbers of each split, sorted.

    Attributes:
        train, validation, test: int64; test may be empty.
        how: One sentence for people.
        moved: What was done about near-duplicates: ``{"rows", "from", "to", "column"}``;
            ``to`` is ``dropped`` where rows were left out of training.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    how: str
    moved: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        rows = {name: getattr(self, name).tolist() for name in NAMES}
        return {**rows, "how": self.how, "moved": list(self.moved)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Splits:
        """Rebuild from `to_dict`. Raises `TableError` when it is not of that shape."""
        try:
            rows = {name: np.array(data[name], np.int64) for name in NAMES}
            return cls(**rows, how=str(data["how"]), moved=tuple(data["moved"]))
        except (KeyError, TypeError, ValueError) as error:
            raise TableError("these are not splits", received=repr(error)) from None


def make_splits(
    table: Table,
    *,
    fingerprints: Mapping[str, Sequence[bytes | None]],
    by_column: str | None = None,
    group: str | None = None,
    time: str | None = None,
    stratify: Sequence[Any] | None = None,
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15),
    seed: int = 0,
) -> Splits:
    """Split a table's rows.

    Near-duplicates (rows that share a fingerprint) never lie in two splits. In random and
    group splits they are moved together; in splits given by column or time, the copy in training
    (or validation) is dropped, so that the given test rows stay as they are.

    Args:
        table: The rows.
        fingerprints: As `plait.data.fingerprints` gives them; empty to look for no duplicates.
        by_column: Column with the words train, validation and test. Validation rows are taken
            out of train where it names none.
        group: Column whose equal values stay together (patient, machine, speaker).
        time: Column of times; the latest rows are the test.
        stratify: One class per row, whose shares are kept.
        fractions: Shares of train, validation and test; they add up to 1.
        seed: Of the random choice.

    Raises:
        TableError: One row, one group, unknown words, or times that cannot be read.
        UsageError: `time` together with `by_column` or `group`, or wrong fractions.
    """
    _check_call(table, by_column, group, time, fractions)
    shared = shared_rows(fingerprints)
    rng = np.random.default_rng([seed, 2])
    classes = None if stratify is None else _class_numbers(stratify)
    if by_column is not None or time is not None:
        moved = []
        if by_column is not None:
            split = _by_words(table, by_column)
            how = f"by column '{by_column}'"
            if not (split == VALIDATION).any():
                groups = [] if group is None else group_rows(table, group)
                how += "; validation taken out of train" + (f" by '{group}'" if group else "")
                moved += _carve_validation(split, shared, groups, classes, fractions, rng)
        else:
            split = _by_time(table, str(time), fractions)
            how = f"by time in '{time}', the latest rows are the test"
        moved += _drop_straddling(split, shared)
    else:
        groups = [] if group is None else group_rows(table, group)
        split, moved = _random(table.num_rows, shared, groups, classes, fractions, rng)
        kept = f"whole groups of '{group}'" if group else "single rows"
        how = f"at random (seed {seed}) by {kept}"
        how += ", stratified by class" if classes is not None and not group else ""
    _check_filled(split, group)
    return Splits(
        train=np.flatnonzero(split == TRAIN),
        validation=np.flatnonzero(split == VALIDATION),
        test=np.flatnonzero(split == TEST),
        how=how + _common_note(shared),
        moved=tuple(moved),
    )


def _check_call(
    table: Table,
    by_column: str | None,
    group: str | None,
    time: str | None,
    fractions: Sequence[float],
) -> None:
    if time is not None and (by_column is not None or group is not None):
        raise UsageError(
            "rows are split by time, or by column and group, not both",
            expected="--time alone, or --split and --group",
        )
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise UsageError(
            "the fractions of the splits are wrong",
            expected="three shares that add up to 1",
            received=str(fractions),
        )
    if table.num_rows < 2:
        raise TableError(
            "one row cannot be split",
            expected="at least 2 rows, better 50",
            received=f"{table.num_rows} rows",
        )


def _class_numbers(stratify: Sequence[Any]) -> np.ndarray | None:
    """Return int32 ``[row]``; None when nearly every row is a class of its own."""
    numbers: dict[str, int] = {}
    found = np.fromiter(
        (numbers.setdefault(str(label), len(numbers)) for label in stratify), np.int32
    )
    return found if len(numbers) <= max(2, len(found) // 2) else None


def _by_words(table: Table, column: str) -> np.ndarray:
    split = np.zeros(table.num_rows, np.int8)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            number = WORDS.get(str(cell).strip().lower())
            if number is None:
                raise TableError(
                    "the split column holds something else than a split",
                    expected="train, validation (or val, dev) or test in every row",
                    received="nothing" if is_missing(cell) else cell,
                    column=column,
                    row=first + place,
                )
            split[first + place] = number
    if not (split == TRAIN).any():
        raise TableError(
            "the split column names no training rows", expected="rows with train", column=column
        )
    return split


def _by_time(table: Table, column: str, fractions: Sequence[float]) -> np.ndarray:
    times, parse_time = np.zeros(table.num_rows), time_reader(table, column)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            seconds = None if is_missing(cell) else parse_time(cell)
            if seconds is None:
                raise TableError(
                    "a time cannot be read",
                    expected="a date such as 2024-03-01 or 2024-03-01T07:05, or a number",
                    received="nothing" if is_missing(cell) else cell,
                    column=column,
                    row=first + place,
                    hint="fill or remove the row, or split in another way",
                )
            times[first + place] = seconds
    ends = np.cumsum(fractions)[:2] * table.num_rows
    split = np.empty(table.num_rows, np.int8)
    split[np.argsort(times, kind="stable")] = np.searchsorted(
        np.round(ends), np.arange(table.num_rows), side="right"
    )
    fill_empty(split, np.arange(table.num_rows))
    return split


def group_rows(table: Table, column: str) -> list[np.ndarray]:
    """Return the rows of each value; a row without one is a group of its own."""
    rows: dict[Cell, list[int]] = {}
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            if not is_missing(cell):
                rows.setdefault(str(cell).strip(), []).append(first + place)
    return [np.array(members) for members in rows.values()]


def _random(
    num_rows: int,
    shared: Shared,
    groups: Sequence[np.ndarray],
    classes: np.ndarray | None,
    fractions: Sequence[float],
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    if groups:
        units = label_units(num_rows, [*groups, *(rows for _, rows in shared.groups)])
        split = allot_units(units, fractions, rng)
        fill_empty(split, units)
        return split, []
    units = label_units(num_rows, [rows for _, rows in shared.groups])
    split = allot_rows(num_rows, classes, fractions, rng)
    moved = _gather_units(split, units, shared)
    fill_empty(split, units)
    return split, moved


def _gather_units(split: np.ndarray, units: np.ndarray, shared: Shared) -> list[dict[str, Any]]:
    """Move every unit of near-duplicates to the split of its first row; tell what was moved."""
    moves: dict[tuple[int, int, str], set[int]] = {}
    for column, rows in shared.groups:
        targets = split[units[rows]]
        for row, target in zip(rows, targets, strict=True):
            if split[row] != target:
                moves.setdefault((int(split[row]), int(target), column), set()).add(int(row))
    split[:] = split[units]
    return [
        _move(rows, NAMES[old], NAMES[new], column)
        for (old, new, column), rows in sorted(moves.items())
    ]


def _carve_validation(
    split: np.ndarray,
    shared: Shared,
    groups: Sequence[np.ndarray],
    classes: np.ndarray | None,
    fractions: Sequence[float],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Turn some training rows into validation rows, in place."""
    rows = np.flatnonzero(split == TRAIN)
    if len(rows) < 2:
        raise TableError(
            "the training rows are too few to take validation rows out of",
            expected="at least 2 training rows",
            received=f"{len(rows)}",
        )
    place = np.full(len(split), -1)
    place[rows] = np.arange(len(rows))

    def inside(members: np.ndarray) -> np.ndarray:
        found = place[members]
        return found[found >= 0]

    share = fractions[1] / max(fractions[0] + fractions[1], 1e-9)
    inner = Shared([(n, i) for n, r in shared.groups if len(i := inside(r)) > 1], {})
    carved, moved = _random(
        len(rows),
        inner,
        [i for r in groups if len(i := inside(r))],
        None if classes is None else classes[rows],
        (1 - share, share, 0.0),
        rng,
    )
    split[rows] = carved
    return [move | {"rows": rows[move["rows"]].tolist()} for move in moved]


def _drop_straddling(split: np.ndarray, shared: Shared) -> list[dict[str, Any]]:
    """Leave out rows whose near-duplicate lies in a later split, in place; tell which."""
    dropped: dict[tuple[int, str], set[int]] = {}
    last = split.copy()
    for column, rows in shared.groups:
        latest = int(last[rows].max())
        for row in rows[last[rows] < latest]:
            dropped.setdefault((int(last[row]), column), set()).add(int(row))
            split[row] = NOWHERE
    return [
        _move(rows, NAMES[old], "dropped", column)
        for (old, column), rows in sorted(dropped.items())
    ]


def _move(rows: set[int], old: str, new: str, column: str) -> dict[str, Any]:
    return {"rows": sorted(rows), "from": old, "to": new, "column": column}


def _check_filled(split: np.ndarray, group: str | None) -> None:
    for number in (TRAIN, VALIDATION):
        if not (split == number).any():
            raise TableError(
                f"no row is left for {NAMES[number]}",
                expected=f"at least two different groups in '{group}'"
                if group
                else "at least two rows that are not duplicates of one another",
                column=group,
                hint="add rows, or remove duplicates",
            )


def _common_note(shared: Shared) -> str:
    return "".join(
        f"; {num} values of '{name}' are shared by so many rows that they count as common, not "
        "as duplicates"
        for name, num in shared.num_common.items()
    )
