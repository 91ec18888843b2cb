"""Finds near-duplicates: fingerprints propose pairs, a comparison of their sketches confirms."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from plait.data.fingerprints import Fingerprints
from plait.data.proposals import propose

PROPOSING_SHARE = 0.4
"""Of a column's time, so much may go into the search for pairs: the rest compares them."""

LEAST_COMMON, COMMON_SHARE = 10, 0.01
"""A value in more rows than either is a common one ("no comment"), not a duplicate."""


@dataclass(frozen=True)
class Copies:
    """Rows that hold nearly the same value.

    Attributes:
        groups: A column, and row numbers that are alike in it, ascending, at least two. The others
            are like the first: alike rows are not linked to a chain.
        num_common: Column name -> how many values were too common to count as duplicates.
        num_unseen: Column name -> how many proposed pairs were not compared, being too many, or
            for want of time.
        hurried: Columns in which there was no time to look for pairs everywhere.
        num_unread: Column name -> in how many rows only equal cells were looked for, for want of
            time.
        num_recurring: Column name -> how many rows have their like in another, common values too.
        num_values: Column name -> how many values are different to the letter.
        recurring: Columns whose values recur by nature and say little of the target: rows that are
            alike there only are kept together, but are not left out of what is learned.
    """

    groups: list[tuple[str, np.ndarray]] = field(default_factory=list)
    num_common: dict[str, int] = field(default_factory=dict)
    num_unseen: dict[str, int] = field(default_factory=dict)
    hurried: set[str] = field(default_factory=set)
    num_unread: dict[str, int] = field(default_factory=dict)
    num_recurring: dict[str, int] = field(default_factory=dict)
    num_values: dict[str, int] = field(default_factory=dict)
    recurring: frozenset[str] = frozenset()


def find_copies(
    fingerprints: Mapping[str, Fingerprints], *, deadline: float | None = None
) -> Copies:
    """Return the groups of near-duplicates of every column.

    With a deadline (of `time.monotonic`), of which columns have equal parts, the most alike codes
    are compared first: as many pairs as the time allows. Equal values are found in any case.
    """
    found = Copies()
    for place, (name, prints) in enumerate(fingerprints.items()):
        until, now = deadline, time.monotonic()
        if deadline is not None:
            until = now + max(deadline - now, 0.0) / (len(fingerprints) - place)
        exact = _exact_leaders(prints)
        leaders, num_unseen, complete = _leaders(prints, exact, until)
        if not complete:
            found.hurried.add(name)
        if num_unseen:
            found.num_unseen[name] = num_unseen
        found.num_values[name] = len(np.unique(exact[prints.codes.any(axis=1)]))
        _gather(found, name, leaders)
    return found


def equal_rows(found: Copies, name: str, keys: np.ndarray) -> None:
    """Add the groups of rows with equal keys, under a name.

    Args:
        found: To be added to.
        name: Of these groups.
        keys: Int or bytes ``[row]``.
    """
    _, firsts, which = np.unique(keys, return_index=True, return_inverse=True)
    _gather(found, name, firsts[which])


def unseen_notes(found: Copies) -> tuple[str, ...]:
    """Say in which columns near-duplicates may have been overlooked."""
    pairs = tuple(
        f"in '{name}' {num:,} pairs of values that look alike were not compared, being too many "
        "or for want of time: near-duplicates among those may lie in two splits"
        for name, num in found.num_unseen.items()
    )
    hurried = tuple(
        f"in '{name}' there was no time to look everywhere for values that are alike: "
        "near-duplicates that were overlooked may lie in two splits"
        for name in sorted(found.hurried)
    )
    return (
        pairs
        + hurried
        + tuple(
            f"in '{name}' the time was too short to look for near-duplicates in {num:,} rows: only "
            "equal cells were found there"
            for name, num in found.num_unread.items()
        )
    )


def _gather(found: Copies, name: str, leaders: np.ndarray) -> None:
    """Add the groups that the rows' leaders tell, except common ones."""
    most = max(LEAST_COMMON, int(COMMON_SHARE * len(leaders)))
    sizes = np.bincount(leaders, minlength=len(leaders))
    rows = np.flatnonzero((sizes[leaders] > 1) & (sizes[leaders] <= most))
    order = rows[np.argsort(leaders[rows], kind="stable")]
    if len(order):
        cuts = np.flatnonzero(np.diff(leaders[order])) + 1
        found.groups.extend((name, part) for part in np.split(order, cuts))
    if (sizes > most).any():
        found.num_common[name] = int((sizes > most).sum())
    found.num_recurring[name] = int(sizes[sizes > 1].sum())


def _leaders(
    prints: Fingerprints, leaders: np.ndarray, deadline: float | None
) -> tuple[np.ndarray, int, bool]:
    """Return int64 ``[row]``, the first row that each is alike, how many pairs were unseen, and
    whether pairs were looked for everywhere.

    Args:
        prints: Of all rows.
        leaders: From `_exact_leaders`.
        deadline: Of `time.monotonic`.
    """
    own = np.flatnonzero((leaders == np.arange(len(leaders))) & prints.codes.any(axis=1))
    now = time.monotonic()
    until = None if deadline is None else now + PROPOSING_SHARE * max(deadline - now, 0.0)
    pairs, num_unseen, complete = propose(prints.codes[own], deadline=until)
    compare = _Comparison(prints, own, deadline)
    num_seen = compare.nearest(pairs)
    near: dict[int, list[int]] = {}
    for first, second in pairs[:num_seen].tolist():
        near.setdefault(second, []).append(first)
    head = np.arange(len(own))
    for place in sorted(near):
        for first in dict.fromkeys(int(head[other]) for other in near[place]):
            if compare(first, place):
                head[place] = first
                break
    moved = np.arange(len(leaders))
    moved[own] = own[head]
    return moved[leaders], num_unseen + len(pairs) - num_seen + compare.num_unseen, complete


class _Comparison:
    """Compares the sketches of distinct values, each pair once.

    Args:
        prints: Of all rows.
        own: Row numbers of the values.
        deadline: Of `time.monotonic`; pairs that come later are taken for different.
    """

    def __init__(self, prints: Fingerprints, own: np.ndarray, deadline: float | None) -> None:
        self._prints, self._own, self._deadline = prints, own, deadline
        self._sketches: dict[int, bytes] = {}
        self._known: dict[tuple[int, int], bool] = {}
        self.num_unseen = 0

    def __call__(self, first: int, second: int) -> bool:
        """Tell whether two values are alike."""
        if (first, second) not in self._known:
            if self._late():
                self.num_unseen += 1
                return False
            self._compare(first, second)
        return self._known[first, second]

    def nearest(self, pairs: np.ndarray) -> int:
        """Compare pairs, nearest first, until it is late; return how many there was time for."""
        if self._deadline is None:
            return len(pairs)
        for num, (first, second) in enumerate(pairs.tolist()):
            if self._late():
                return num
            self._compare(first, second)
        return len(pairs)

    def _late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def _compare(self, first: int, second: int) -> None:
        alike = self._prints.alike(self._sketch(first), self._sketch(second))
        self._known[first, second] = alike

    def _sketch(self, place: int) -> bytes:
        if place not in self._sketches:
            self._sketches[place] = self._prints.sketch(int(self._own[place]))
        return self._sketches[place]


def _exact_leaders(prints: Fingerprints) -> np.ndarray:
    """Return int64 ``[row]``: the first row with the same code and sketch."""
    leaders = np.arange(len(prints))
    codes = prints.codes
    order = np.lexsort(codes.T)
    same = (codes[order[1:]] == codes[order[:-1]]).all(axis=1) & codes[order[1:]].any(axis=1)
    cuts = np.flatnonzero(~same) + 1
    for part in np.split(order, cuts):
        if len(part) < 2:
            continue
        seen: dict[bytes, int] = {}
        for row in np.sort(part).tolist():
            leaders[row] = seen.setdefault(prints.sketch(row), row)
    return leaders
