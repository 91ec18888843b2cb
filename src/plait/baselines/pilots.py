"""Times a piece of the real work: a round of boosting, a step of a linear model's descent."""

from __future__ import annotations

from plait.baselines.boosting import Grower
from plait.baselines.descent import LinearProblem
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.selection import select_features
from plait.spacing import evenly_spaced

NUM_ROUNDS = 2
"""That are timed: the first, with all that begins it, apart."""

NUM_ROWS = 2000
"""Of a linear model; a step takes as many times longer as there are more rows."""


def round_seconds(rows: LabelledRows, seed: int) -> float:
    """Return the seconds of a round of trees, of all goals, on the features of narrow columns.

    That is 0 where there are none.
    """
    rows = rows.known()
    matrices, truth, num = rows.matrices, rows.truth, rows.num_outputs
    selection = select_features(matrices, rows.targets(), 0, seed=seed)
    table = selection.table(matrices)
    if not table.shape[1]:
        return 0.0
    goal, goals = (truth, 1) if truth.ndim == 1 else (truth[:, 0].copy(), num)
    grower = Grower(rows.form, num, seed)
    grown = grower.grow(table, goal, selection.categorical(matrices), rounds=NUM_ROUNDS)
    return grown.seconds * goals


def step_seconds(rows: LabelledRows) -> float:
    """Return the seconds of a step of a linear model's descent on all rows, from some of them."""
    rows = rows.known()
    some = evenly_spaced(len(rows), NUM_ROWS)
    part = rows.take(some)
    problem = LinearProblem(part.matrices.dense, part.matrices.sparse, part.targets(), part.form)
    problem.step_seconds()
    return problem.step_seconds() * len(rows) / len(some)
