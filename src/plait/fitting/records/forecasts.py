"""What a fit of rows in time adds to its model and records: how it is used, and intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from plait.data.cautions import caution
from plait.data.episodes.plan import EpisodePlan
from plait.data.histories.plan import HistoryPlan
from plait.data.schema import Column, Schema
from plait.data.windows.plan import WindowPlan
from plait.fitting.setup.problem import Problem
from plait.model.forecast import Forecast, local_spreads
from plait.model.model import Model
from plait.model.policy import Policy
from plait.model.recommendation import Recommendation

OFFLINE = (
    "learned from recorded episodes alone, never tried in its environment: plait play tells what "
    "it reaches there"
)

LEAST_COVERED = 0.85
"""Intervals that hold less of the test are warned of."""

MOST_MADE = 500
"""Windows that intervals are learned from, and tried on, at most each."""


def in_use(
    model: Model,
    problem: Problem,
    plan: WindowPlan | HistoryPlan | EpisodePlan,
    records: dict[str, Any],
) -> None:
    """Let a model answer rows in time: what follows of each series, what each group takes, or what
    to do at each step."""
    if isinstance(plan, EpisodePlan):
        model.policy = Policy(plan)
        records["metrics"]["notes"].append(OFFLINE)
        return
    if isinstance(plan, HistoryPlan):
        model.recommendation = Recommendation(plan)
        columns = (_plain(one, plan.goal) for one in model.schema.columns)
        model.schema = Schema(tuple(columns))
    else:
        forecasting(model, problem, plan, records)


def _plain(column: Column, goal: str) -> Column:
    """Return the column of items without the catalogue, which its codec has."""
    return replace(column, settings={}) if column.name == goal else column


def forecasting(model: Model, problem: Problem, plan: WindowPlan, records: dict[str, Any]) -> None:
    """Let a model forecast: its intervals are those of windows that it was only chosen by.

    How often they held on the test is noted in the records.
    """
    held, groups = _made(model, problem, plan, problem.splits.validation)
    model.forecast = Forecast.of(plan, *held, groups)
    if not len(problem.splits.test):
        return
    share = model.forecast.covered(*_made(model, problem, plan, problem.splits.test)[0])
    records["metrics"]["coverage"] = share
    text = (
        f"90 % intervals, of {len(np.unique(groups)):,} stretches of time that nothing was learned "
        f"from, held {100 * share:.1f} % of the test's values"
    )
    if share >= LEAST_COVERED:
        records["metrics"]["notes"].append(text)
    else:
        told = f"{text}: the future is less like the past than they suppose"
        records["metrics"]["warnings"].append(caution("coverage", plan.goal, told))


def _made(
    model: Model, problem: Problem, plan: WindowPlan, rows: np.ndarray
) -> tuple[tuple[Any, Any, np.ndarray], np.ndarray]:
    """Return what the model makes of some windows, what came and the spread of what came before;
    and their stretches of time."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_MADE)).astype(np.int64)]
    some = np.unique(some)
    made = model.predictor.outputs(problem.prepared, some)
    local = local_spreads(problem.table, plan, some)
    return (made, model.truth(problem.prepared, some), local), problem.groups[some]
