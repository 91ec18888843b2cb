"""Learns a linear shared space of all rows of a table in which few rows have a target."""

from __future__ import annotations

import numpy as np

from plait.baselines.linear_space import LinearSpace
from plait.data.contents import content_numbers
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.fitting.space.space_plan import LINEAR_DIM, occur_together, rows_with_input_column
from plait.model.shared_space import SharedSpace
from plait.model.space_check import MAX_ROWS, SpaceCheck, check_space
from plait.networks.config import SIZES
from plait.train.budget import Clock

LEAST_UNLABELLED = 100
"""With fewer rows without a target there is little to learn from them."""

LEAST_SECONDS, READING_SHARE = 20.0, 0.25
"""Budgets in which it is tried, and the part of one that reading the table by it may take."""

JUDGED_SHARE, MOST_JUDGED = 0.2, 500
PROBED = 64


def learn_linear(problem: Problem, work: Work) -> tuple[SharedSpace | None, tuple[str, ...]]:
    """Return canonical correlations of the input columns, of rows with and without a target.

    None where there are too few rows without one, no two input columns occur together, or the time
    is short; with notes for a person. What several columns tell of a row alike is most of what its
    target is about: with 120 labels of 1,180 stickers, a linear model on these vectors answers 5
    to 6 points more rightly than on the columns' own features (docs/log.md, 2026-11-21). A network
    learned in the same way cost more than it gave; for that, fit without a target first.
    """
    num = len(problem.unlabelled)
    rows = rows_with_input_column(problem, np.union1d(problem.splits.train, problem.unlabelled))
    few = num < max(LEAST_UNLABELLED, 2 * len(problem.splits.train))
    if few or not occur_together(problem, rows):
        return None, ()
    if work.budget.timed and work.budget.amount < LEAST_SECONDS:
        return None, ()
    update = work.progress.task("canonical correlations", 1.0)
    order = np.random.default_rng(work.seed).permutation(rows)
    judged = min(MOST_JUDGED, int(JUDGED_SHARE * len(rows)))
    input_columns = dict(problem.input_columns)
    _, linear = LinearSpace.fit(
        problem.prepared,
        input_columns,
        order[judged:],
        order[:judged],
        dim=LINEAR_DIM,
        seed=work.seed,
    )
    update(1.0)
    clock = Clock()
    linear.vectors(problem.prepared, rows[:PROBED])
    seconds = clock.seconds / len(rows[:PROBED]) * problem.table.num_rows
    if work.budget.timed and seconds > READING_SHARE * work.budget.amount:
        note = f"rows without a target: no space of them, reading it takes about {seconds:.0f} s"
        return None, (note,)
    codecs = {name: problem.codecs[name] for name in problem.columns}
    space = SharedSpace(codecs, input_columns, SIZES["small"], {}, linear=linear, share=0.0)
    space.check = _checked(space, problem)
    note = f"{num:,} rows without a target told what the columns share: canonical correlations"
    return space, (note, *space.check.warnings)


def _checked(space: SharedSpace, problem: Problem) -> SpaceCheck:
    """Measure a space on the rows that are judged, which it did not learn from."""
    rows = problem.judged[:: max(1, len(problem.judged) // MAX_ROWS)]
    contents = {
        name: content_numbers(problem.prepared, columns)[rows]
        for name, columns in problem.input_columns.items()
    }
    vectors, present = space.input_column_vectors(problem.prepared, rows)
    return check_space(vectors, present, contents, problem.groups[rows])
