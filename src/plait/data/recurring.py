"""Columns whose values recur by nature and say little of the target: rows alike there only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Real

import numpy as np

from plait.data.duplicates import Copies
from plait.data.settling import read_values
from plait.data.table import Table
from plait.types import Cell, is_missing

RECURRING_SHARE = 0.5
"""Where so many of the rows have their like in others, values recur by the table's nature."""

LEAST_AGREEMENT = 0.25
"""Rows that are alike and agree in the target less than this, beyond chance, are no copies."""

LIKE_A_CATEGORY, CATEGORY_AGREEMENT = 30, 0.75
"""Where so many rows have each value to the letter, it is one as of a category (a question that is
asked of a thousand pictures), unless rows alike agree in the target as those of one thing do."""


def with_recurring(copies: Copies, table: Table, targets: Sequence[str]) -> Copies:
    """Return the copies without those that recur by the table's nature, or with their columns told.

    Ten questions about one picture, one question about a thousand pictures: rows that are alike in
    one column and differ in what is asked are not the same row twice, and nothing of one's answer
    is known from the other's. Values as of a category are common ones; where there are fewer of
    each, rows alike still belong together, and their column is named in `Copies.recurring`. Without
    a target all is as it was found.

    Args:
        copies: Of the inputs.
        table: The rows.
        targets: Columns that are learned: what says much of any of them is a copy.
    """
    recurring, common = [], dict(copies.num_common)
    for name, num in copies.num_recurring.items():
        groups = [rows for column, rows in copies.groups if column == name]
        if not targets or not groups or num < RECURRING_SHARE * table.num_rows:
            continue
        agreement = max(_agreement_of(groups, table, target) for target in targets)
        like_category = num >= LIKE_A_CATEGORY * copies.num_values.get(name, num)
        if like_category and agreement < CATEGORY_AGREEMENT:
            common[name] = common.get(name, 0) + len(groups)
        elif agreement < LEAST_AGREEMENT:
            recurring.append(name)
    left_out = {name for name in common if common[name] != copies.num_common.get(name)}
    groups_left = [(name, rows) for name, rows in copies.groups if name not in left_out]
    return replace(copies, groups=groups_left, num_common=common, recurring=frozenset(recurring))


def _agreement_of(groups: Sequence[np.ndarray], table: Table, target: str) -> float:
    """Return how far the targets of groups of rows agree; 1 where that cannot be told."""
    rows = np.concatenate(groups)
    cells: list[Cell] = [None if is_missing(cell) else cell for cell in table.column(target, rows)]
    told = read_values(table.schema[target], cells, table.media())
    numbers = np.repeat(np.arange(len(groups)), [len(one) for one in groups])
    known = np.array([value is not None for value in told], bool)
    values = [value for value in told if value is not None]
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        return agreement_of_numbers(np.array(values, np.float64), numbers[known])
    if any(isinstance(value, bytes | list | dict) for value in values):
        return 1.0
    _, labels = np.unique([str(value).strip() for value in values], return_inverse=True)
    return agreement_of_labels(labels, numbers[known])


def agreement_of_labels(labels: np.ndarray, groups: np.ndarray) -> float:
    """Return how much oftener two rows of a group have one label than any two rows: at most 1.

    ``(a - c) / (1 - c)`` as Cohen's kappa (1960), of the share a of agreeing pairs within groups,
    each row counted once, and of c among all rows. 0 says that groups tell nothing.

    Args:
        labels: int ``[row]``.
        groups: int ``[row]``; rows that are alone in theirs do not count.

    >>> agreement_of_labels(np.array([0, 0, 1, 1]), np.array([5, 5, 6, 6]))
    1.0
    """
    _, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    paired = sizes[which] > 1
    labels, which = labels[paired], which[paired]
    if not len(labels):
        return 1.0
    _, cell, counts = np.unique(
        which.astype(np.int64) * (int(labels.max()) + 1) + labels,
        return_inverse=True,
        return_counts=True,
    )
    within = float(((counts[cell] - 1) / (sizes[which] - 1)).mean())
    shares = np.bincount(labels) / len(labels)
    chance = float((shares**2).sum())
    return 1.0 if chance >= 1 else (within - chance) / (1 - chance)


def agreement_of_numbers(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the part of the variance that is between groups, at most 1.

    ``1 - w / t`` of the mean variance w within groups, each row counted once, and that of all, t:
    the intraclass correlation (Fisher 1925) of groups that are many.

    Args:
        values: float64 ``[row]``.
        groups: int ``[row]``; rows that are alone in theirs do not count.
    """
    _, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    paired = sizes[which] > 1
    if not paired.any():
        return 1.0
    sums = np.bincount(which, values)
    gaps = (values - (sums / sizes)[which])[paired]
    within = float((gaps**2 * (sizes / np.maximum(sizes - 1, 1))[which[paired]]).mean())
    total = float(values[paired].var())
    return 1.0 if total <= 0 else 1 - within / total
