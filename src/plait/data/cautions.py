"""What to be warned of in a table: one sentence each, of a kind, about a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from plait.data.leaks import Leak
from plait.errors import shorten
from plait.types import Cell

Caution = dict[str, str]
"""``{"kind", "column", "text"}``; the column is empty where it is about none, ``a, b`` of two."""

RARE = 5
"""A class with fewer rows than this is worth a warning."""

MAX_NAMED = 3
"""Columns that are ignored are told one by one up to this many, else together."""

MANY_GROUPS = 10
"""Of near-duplicates: of fewer, it says little in how many a category differs."""


def caution(kind: str, column: str, text: str) -> Caution:
    """Return one warning."""
    return {"kind": kind, "column": column, "text": text}


def of_leaks(leaks: Iterable[Leak]) -> list[Caution]:
    """Return what to check of columns that tell the target."""
    found = []
    for leak in leaks:
        names = [f"'{name}'" for name in leak.columns]
        about = f"column{'s' * (len(names) > 1)} {' and '.join(names)} " if names else ""
        kind = "order" if leak.how == "order" else "leak"
        found.append(caution(kind, ", ".join(leak.columns), about + leak.reason))
    return found


def of_twins(pairs: Iterable[Sequence[str]]) -> list[Caution]:
    """Return which columns are the same."""
    return [
        caution("identical", f"{one}, {other}", f"columns '{one}' and '{other}' are identical")
        for one, other in pairs
    ]


def of_unreadable(column: str, num: int, num_read: int) -> list[Caution]:
    """Return how many cells of a column could not be read."""
    text = f"column '{column}': {num:,} of {num_read:,} cells cannot be read"
    return [caution("unreadable", column, text)] if num else []


def of_time(column: str, why: str, row: int | None) -> list[Caution]:
    """Return that a table cannot be split by a column of times, and why, or at which row."""
    where = "" if row is None else f" in row {row}"
    return [caution("time", column, f"column '{column}' cannot split by time: {why}{where}")]


def of_columns(columns: Sequence[Any]) -> list[Caution]:
    """Return which columns may be read in another way, and which are ignored.

    Args:
        columns: With ``name``, ``role``, ``why`` and ``doubt``.
    """
    found = [caution("doubt", c.name, f"column '{c.name}': {c.doubt}") for c in columns if c.doubt]
    ignored = [c for c in columns if c.role == "ignore"]
    if len(ignored) <= MAX_NAMED:
        texts = [(c.name, f"column '{c.name}' is ignored: {c.why}") for c in ignored]
        return found + [caution("ignored", name, text) for name, text in texts]
    names = ", ".join(f"'{c.name}'" for c in ignored[:MAX_NAMED])
    text = f"{len(ignored)} columns are ignored: {names} and others"
    return [*found, caution("ignored", ", ".join(c.name for c in ignored[:MAX_NAMED]), text)]


def of_classes(target: str, counts: Mapping[str, int]) -> list[Caution]:
    """Return where the classes of a target are too few, or have too few rows."""
    rare = [label for label, count in counts.items() if count < RARE]
    if len(counts) == 1:
        return [caution("classes", target, f"the target '{target}' has a single class")]
    if not rare:
        return []
    have = "class has" if len(rare) == 1 else "classes have"
    text = f"{len(rare)} {have} fewer than {RARE} rows, such as '{shorten(rare[0], 40)}'"
    return [caution("classes", target, text)]


def count_differing(
    groups: Iterable[tuple[str, Sequence[int]]], cells: Sequence[Cell]
) -> Counter[str]:
    """Return column -> in how many of its groups of near-duplicates known cells differ.

    Args:
        groups: A column, and rows that are alike in it.
        cells: Of all rows, None where missing.
    """
    num: Counter[str] = Counter()
    for column, rows in groups:
        told = {str(cells[row]).strip() for row in rows if cells[row] is not None}
        num[column] += len(told) > 1
    return num


def of_conflicts(
    num: Mapping[str, int],
    target: str,
    partial: Container[str] = (),
    *,
    among: Mapping[str, int] | None = None,
) -> list[Caution]:
    """Return in how many groups of near-duplicates a category differs.

    Where it does in most of many groups, the column says little of it, and no label need be wrong.

    Args:
        num: From `count_differing`.
        target: Its name.
        partial: Columns of which not all pairs of values were compared: what belongs to one large
            group falls into several small ones there.
        among: Column -> its groups; None where these do not matter.
    """
    return [
        caution("conflict", column, _conflict(column, count, target, column in partial, among))
        for column, count in num.items()
        if count
    ]


def _conflict(
    column: str, count: int, target: str, partial: bool, among: Mapping[str, int] | None
) -> str:
    text = (
        f"{count} group{'s' * (count > 1)} of near-duplicates in '{column}' "
        f"{'have' if count > 1 else 'has'} different '{target}'"
        + ", of those pairs that there was time to compare"
        * partial
    )
    every = (among or {}).get(column, 0)
    if every >= MANY_GROUPS and count > every / 2:
        return f"{text}, most of its {every} groups: what is alike there says little of the target"
    return f"{text}: check the labels"
