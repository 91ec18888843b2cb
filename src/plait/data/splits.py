"""Splits rows into train, validation, test: whole groups, no near-duplicate on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plait.data.allotting import (
    NAMES,
    NOWHERE,
    TEST,
    TRAIN,
    VALIDATION,
    allot_rows,
    allot_units,
    fill_empty,
    shares_for,
)
from plait.data.by_column import read_splits
from plait.data.by_time import allot_groups_in_time, allot_in_time, read_times
from plait.data.duplicates import COMMON_SHARE, LEAST_COMMON, Copies, unseen_notes
from plait.data.grouping import join_said, label_units, said_groups
from plait.data.straddling import conflict_notes, drop_straddling, gather_units, straddling_notes
from plait.data.table import Table
from plait.display import brief
from plait.errors import TableError, UsageError


@brief
@dataclass(frozen=True)
class Splits:
    """Row numbers of each split, sorted.

    Attributes:
        train, validation, test: int64; test may be empty.
        how: One sentence for people.
        moved: What was done about near-duplicates: ``{"rows", "from", "to", "column"}``;
            ``to`` is ``dropped`` where rows were left out of training, ``kept`` where they stay
            in it although their copies are in a later split.
        notes: What a person should know of it, one sentence each.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    how: str
    moved: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        rows = {name: getattr(self, name).tolist() for name in NAMES}
        told = {"how": self.how, "moved": list(self.moved), "notes": list(self.notes)}
        return {**rows, **told}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Splits:
        """Rebuild from `to_dict`. Raises `TableError` when it is not of that shape."""
        try:
            rows = {name: np.array(data[name], np.int64) for name in NAMES}
            notes = tuple(map(str, data.get("notes", ())))
            return cls(**rows, how=str(data["how"]), moved=tuple(data["moved"]), notes=notes)
        except (KeyError, TypeError, ValueError) as error:
            raise TableError("these are not splits", received=repr(error)) from None


def make_splits(
    table: Table,
    *,
    copies: Copies | None = None,
    by_column: str | None = None,
    group: str | None = None,
    time: str | None = None,
    stratify: Sequence[Any] | None = None,
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15),
    seed: int = 0,
) -> Splits:
    """Split a table's rows.

    What was said wins over what was found. Near-duplicates never lie in two random splits; with a
    `group`, its values decide alone, and copies in two of them are counted. In splits given by
    column or time, the copy in training (or validation) is dropped, so that the given test rows
    stay as they are; unless that would leave no row.

    Args:
        table: The rows.
        copies: Near-duplicates, as `plait.data.find_copies` gives them; None looks for none.
        by_column: Column with the words train, validation and test. Validation rows are taken
            out of train where it names none.
        group: Column whose equal values stay together (patient, machine, speaker).
        time: Column of times; the latest rows are the test, and equal times never lie in two
            splits. With `group`, the test rows are of groups that training has not seen, and rows
            of a group outside its split's time are left out.
        stratify: One class per row, whose shares are kept.
        fractions: Shares of train, validation and test; they add up to 1. With a `group` of few
            values, the test takes up to a third, so that it holds ten of them.
        seed: Of the random choice.

    Raises:
        TableError: One row, one group, unknown words, times that cannot be read or are all equal.
        UsageError: `time` together with `by_column`, or wrong fractions.
    """
    _check_call(table, by_column, time, fractions)
    found = copies or Copies()
    call = _Call(
        num_rows=table.num_rows,
        copies=found,
        said=None if group is None else said_groups(table, group),
        classes=None if stratify is None else _class_numbers(stratify),
        fractions=fractions,
        rng=np.random.default_rng([seed, 2]),
        group=group,
    )
    if by_column is not None:
        split, how = _given(call, read_splits(table, by_column), by_column)
    elif time is not None:
        split, how = _in_time(call, read_times(table, time), time)
    else:
        split, how = _random(call, np.arange(table.num_rows)), _told_random(call, seed)
        if call.said is None:
            call.notes.extend(straddling_notes(split, found))
    _check_filled(split, group)
    conflicts = () if call.said is None else conflict_notes(call.said, found, group)
    return Splits(
        train=np.flatnonzero(split == TRAIN),
        validation=np.flatnonzero(split == VALIDATION),
        test=np.flatnonzero(split == TEST),
        how=how + _common_note(found),
        moved=tuple(call.moved),
        notes=(*call.notes, *conflicts, *unseen_notes(found)),
    )


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What a split is made by, and what is to be told of it."""

    num_rows: int
    copies: Copies
    said: np.ndarray | None
    classes: np.ndarray | None
    fractions: tuple[float, float, float]
    rng: np.random.Generator
    group: str | None
    moved: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def allot_groups(self, units: np.ndarray) -> np.ndarray:
        """Return the split of each row by said groups, and tell where the test is larger."""
        fractions = shares_for(units, self.fractions)
        test, wanted = fractions[2], self.fractions[2]
        if test > wanted:
            self.notes.append(
                f"few groups: {100 * test:.0f} % of the rows are the test, not {100 * wanted:.0f} "
                f"%, so that it holds more of the {len(np.unique(units))} '{self.group}'"
            )
        return allot_units(units, fractions, self.rng)

    def drop_straddling(self, split: np.ndarray, least: int) -> None:
        """Leave out rows whose near-duplicate lies in a later split, and tell of it."""
        moved, notes = drop_straddling(split, self.copies, least)
        self.moved.extend(moved)
        self.notes.extend(notes)


def row_units(num_rows: int, copies: Copies) -> np.ndarray:
    """Return int32 ``[row]``: near-duplicates in any column have one number.

    Values that are alike in one column and others in another link no more rows than a common value
    may have.
    """
    most = max(LEAST_COMMON, int(COMMON_SHARE * num_rows))
    return label_units(num_rows, [rows for _, rows in copies.groups], most=most)


def _check_call(
    table: Table, by_column: str | None, time: str | None, fractions: Sequence[float]
) -> None:
    if time is not None and by_column is not None:
        raise UsageError(
            "rows are split by time or by a column, not both",
            expected="--time or --split, each with --group where rows belong together",
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


def _given(call: _Call, split: np.ndarray, column: str) -> tuple[np.ndarray, str]:
    """Return the split that a column gives, and how it came about."""
    how = f"by column '{column}'"
    if num := int((split == NOWHERE).sum()):
        call.notes.append(f"{num} rows were left out, as '{column}' says")
    least = 1 if (split == VALIDATION).any() else 2
    call.drop_straddling(split, least)
    if (split == VALIDATION).any():
        return split, how
    rows = np.flatnonzero(split == TRAIN)
    if len(rows) < 2:
        raise TableError(
            "the training rows are too few to take validation rows out of",
            expected="at least 2 training rows",
            received=f"{len(rows)}",
        )
    share = call.fractions[1] / max(call.fractions[0] + call.fractions[1], 1e-9)
    split[rows] = _random(replace(call, fractions=(1 - share, share, 0.0)), rows)
    by = f" by '{call.group}'" if call.group else ""
    return split, f"{how}; validation taken out of train{by}"


def _in_time(call: _Call, times: np.ndarray, column: str) -> tuple[np.ndarray, str]:
    """Return the split by time, by groups too where they were said, and how it came about."""
    how = f"by time in '{column}', the latest rows are the test"
    if call.said is None:
        split = allot_in_time(times, call.fractions, column)
    else:
        units = _units(call, np.arange(len(times)))
        split = allot_groups_in_time(times, units, call.fractions, column)
        num = int((split == NOWHERE).sum())
        how += f", of '{call.group}' that training did not see"
        if num:
            call.notes.append(
                f"{num} rows were left out: they lie outside the time of the split that "
                f"their '{call.group}' belongs to"
            )
    call.drop_straddling(split, 1)
    return split, how


def _told_random(call: _Call, seed: int) -> str:
    kept = f"whole groups of '{call.group}'" if call.group else "single rows"
    stratified = ", stratified by class" if call.classes is not None and not call.group else ""
    return f"at random (seed {seed}) by {kept}{stratified}"


def _units(call: _Call, rows: np.ndarray) -> np.ndarray:
    """Return int32 ``[row]``: rows of one number are never cut apart; the person's groups win."""
    units = row_units(call.num_rows, call.copies)
    return np.asarray((units if call.said is None else join_said(call.said, units))[rows])


def _random(call: _Call, rows: np.ndarray) -> np.ndarray:
    """Return the split of some of the rows at random, and tell what was moved."""
    units = _first_places(_units(call, rows))
    if call.said is not None:
        split = call.allot_groups(units)
    else:
        classes = None if call.classes is None else call.classes[rows]
        split = allot_rows(len(rows), classes, call.fractions, call.rng)
        call.moved.extend(gather_units(split, units, rows, call.copies))
    fill_empty(split, units)
    return split


def _first_places(units: np.ndarray) -> np.ndarray:
    """Return the place of the first row of each row's unit."""
    _, firsts, which = np.unique(units, return_index=True, return_inverse=True)
    return np.asarray(firsts[which])


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


def _common_note(copies: Copies) -> str:
    return "".join(
        f"; {num} values of '{name}' are shared by so many rows that they count as common, not "
        "as duplicates"
        for name, num in copies.num_common.items()
    )
