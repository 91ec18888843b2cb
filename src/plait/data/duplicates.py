"""Finds near-duplicates: fingerprints propose pairs, a comparison of their sketches confirms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from plait.data.fingerprints import Fingerprints
from plait.data.proposals import propose

LEAST_COMMON, COMMON_SHARE = 10, 0.01
"""A value in more rows than either is a common one ("no comment"), not a duplicate."""


@dataclass(frozen=True)
class Copies:
    """Rows that hold nearly the same value.

    Attributes:
        groups: A column, and row numbers that are alike in it, ascending, at least two. The others
            are like the first: alike rows are not linked to a chain.
        num_common: Column name -> how many values were too common to count as duplicates.
        num_unseen: Column name -> how many proposed pairs were not compared, being too many.
    """

    groups: list[tuple[str, np.ndarray]] = field(default_factory=list)
    num_common: dict[str, int] = field(default_factory=dict)
    num_unseen: dict[str, int] = field(default_factory=dict)


def find_copies(fingerprints: Mapping[str, Fingerprints]) -> Copies:
    """Return the groups of near-duplicates of every column."""
    found = Copies()
    for name, prints in fingerprints.items():
        leaders, num_unseen = _leaders(prints)
        if num_unseen:
            found.num_unseen[name] = num_unseen
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


def _leaders(prints: Fingerprints) -> tuple[np.ndarray, int]:
    """Return int64 ``[row]``, the first row that each is alike, and how many pairs were unseen."""
    leaders = _exact_leaders(prints)
    own = np.flatnonzero((leaders == np.arange(len(leaders))) & prints.codes.any(axis=1))
    pairs, num_unseen = propose(prints.codes[own])
    near: dict[int, list[int]] = {}
    for first, second in pairs.tolist():
        near.setdefault(second, []).append(first)
    head = np.arange(len(own))
    sketches: dict[int, bytes] = {}

    def sketch(place: int) -> bytes:
        if place not in sketches:
            sketches[place] = prints.sketch(int(own[place]))
        return sketches[place]

    for place in sorted(near):
        for first in dict.fromkeys(int(head[other]) for other in near[place]):
            if prints.alike(sketch(first), sketch(place)):
                head[place] = first
                break
    moved = np.arange(len(leaders))
    moved[own] = own[head]
    return moved[leaders], num_unseen


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
