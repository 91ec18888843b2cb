"""What a fit of a forecast adds to its model and records: intervals, and how often they held."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.data.cautions import caution
from plait.data.windows.plan import WindowPlan
from plait.fitting.setup.problem import Problem
from plait.model.forecast import Forecast
from plait.model.model import Model

LEAST_COVERED = 0.85
"""Intervals that hold less of the test are warned of."""

MOST_MADE = 500
"""Windows that intervals are learned from, and tried on, at most each."""


def forecasting(model: Model, problem: Problem, plan: WindowPlan, records: dict[str, Any]) -> None:
    """Let a model forecast: its intervals are those of windows that it was only chosen by.

    How often they held on the test is noted in the records.
    """
    held, groups = _made(model, problem, problem.splits.validation)
    model.forecast = Forecast.of(plan, *held, groups)
    if not len(problem.splits.test):
        return
    share = model.forecast.covered(*_made(model, problem, problem.splits.test)[0])
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
    model: Model, problem: Problem, rows: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return what the model makes of some windows with what came, and their stretches of time."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_MADE)).astype(np.int64)]
    some = np.unique(some)
    made = model.predictor.outputs(problem.prepared, some)
    return (made, model.truth(problem.prepared, some)), problem.groups[some]
