"""What a fit of a forecast adds to its model and records: intervals, and how often they held."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.data.windows.plan import WindowPlan
from plait.fitting.setup.problem import Problem
from plait.model.forecast import Forecast
from plait.model.model import Model

MOST_MADE = 500
"""Windows that intervals are learned from, and tried on, at most each."""


def forecasting(model: Model, problem: Problem, plan: WindowPlan, records: dict[str, Any]) -> None:
    """Let a model forecast: its intervals are those of windows that it was only chosen by.

    How often they held on the test is noted in the records.
    """
    held = _made(model, problem, problem.splits.validation)
    model.forecast = Forecast.of(plan, *held)
    if not len(problem.splits.test):
        return
    share = model.forecast.covered(*_made(model, problem, problem.splits.test))
    records["metrics"]["coverage"] = share
    records["metrics"]["notes"].append(
        f"90 % intervals, of {len(held[0]):,} windows that nothing was learned from, held "
        f"{100 * share:.1f} % of the test's values"
    )


def _made(model: Model, problem: Problem, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the model makes of some windows, and what came."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_MADE)).astype(np.int64)]
    some = np.unique(some)
    return model.predictor.outputs(problem.prepared, some), model.truth(problem.prepared, some)
