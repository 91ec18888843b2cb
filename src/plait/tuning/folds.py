"""Folds of the rows that are not the test: what a trial learns from, and what judges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.data.by_time import read_times
from plait.data.made_rows import SPLIT, with_made
from plait.data.table import Table
from plait.errors import UsageError
from plait.fitting.setup.problem import Problem

NUM_FOLDS = 3

LEAST_ROWS = 40
"""With a target, that are not the test: fewer tell no setting from another."""

LATER_SHARE = 0.5
"""Of rows in time: so much of them is foreseen by what came before, block by block."""


@dataclass(frozen=True)
class Fold:
    """A fold.

    Attributes:
        name: Tells it from others, such as ``0`` or ``fresh 2``.
        learned, held: Row numbers of the table: a trial learns from these, and is judged by those.
        groups: int ``[held]``: rows of one number are not independent.
    """

    name: str
    learned: np.ndarray
    held: np.ndarray
    groups: np.ndarray

    def table(self, table: Table) -> Table:
        """Return its rows with a column that says which are set aside."""
        rows = np.concatenate([self.learned, self.held])
        parts = ["train"] * len(self.learned) + ["test"] * len(self.held)
        return with_made(table.take(rows), {}, parts)


def split_settings(group: str | None, weights: str | None) -> dict[str, Any]:
    """Return the settings of a fit to a fold's table that say which rows are set aside."""
    return {"split": SPLIT, "time": None, "group": group, "weights": weights}


def make_folds(problem: Problem, *, time: str | None, seed: int, named: str = "") -> list[Fold]:
    """Return folds of a problem's rows that have a target and are not its test.

    Groups and near-duplicates stay together. Rows in time are judged block by block by what was
    learned from earlier rows alone, without the groups that are judged.

    Args:
        problem: Its table, splits and groups.
        time: Column by which the test is the latest rows; None where it is drawn.
        seed: Of the lots.
        named: Before the numbers in the names of folds.

    Raises `UsageError` where there are too few rows.
    """
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    groups = problem.groups[rows]
    if len(rows) < LEAST_ROWS or len(np.unique(groups)) < 2 * NUM_FOLDS:
        raise UsageError(
            "too few rows to tell one setting from another",
            expected=f"{LEAST_ROWS} rows or more with a target that are not the test, in "
            f"{2 * NUM_FOLDS} groups or more",
            received=f"{len(rows)} rows in {len(np.unique(groups))} groups",
            hint="plait fit needs no search for tables as small as this one",
        )
    if time is not None:
        moments = read_times(problem.table, time)
        pairs = _in_time(rows, moments[rows], problem.groups, seed)
    else:
        truth = problem.truth[rows] if len(problem.truth) else np.zeros(len(rows))
        which = fold_numbers(groups, truth, NUM_FOLDS, seed)
        pairs = [(rows[which != i], rows[which == i]) for i in range(NUM_FOLDS)]
    return [
        Fold(
            name=f"{named}{number}",
            learned=np.union1d(learned, problem.unlabelled),
            held=held,
            groups=problem.groups[held],
        )
        for number, (learned, held) in enumerate(pairs)
    ]


def _in_time(
    rows: np.ndarray, moments: np.ndarray, groups: np.ndarray, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (learned, held) of blocks of the later rows; `seed` moves where the first begins."""
    begin = LATER_SHARE + np.random.default_rng(seed).uniform(-0.05, 0.05)
    ends = np.quantile(moments, np.linspace(begin, 1.0, NUM_FOLDS + 1))
    pairs = []
    for low, high in zip(ends, ends[1:], strict=False):
        held = rows[(moments > low) & (moments <= high)]
        learned = rows[moments <= low]
        learned = learned[~np.isin(groups[learned], groups[held])]
        if len(held) and len(learned):
            pairs.append((learned, held))
    if len(pairs) < 2:
        raise UsageError(
            "the rows lie in too few moments to tell one setting from another",
            expected=f"times that part the later rows into {NUM_FOLDS} blocks",
            received=f"{len(np.unique(moments))} different times",
        )
    return pairs
