"""Forecasts: the next steps of each series in a table, with how far they may be off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.answer import Answer
from plait.data.table import Table
from plait.data.windows.plan import WindowPlan
from plait.data.windows.rows import Scale, last_windows
from plait.modalities import Asked
from plait.model.interval_scale import end_of_groups
from plait.model.made import raw_of
from plait.progress import SILENT, Progress

if TYPE_CHECKING:
    from plait.model.model import Model

LOW, HIGH = "_q05", "_q95"
"""Behind a column's name: the ends of its 90 % interval."""


@dataclass(frozen=True)
class Forecast:
    """What a model needs to forecast.

    Attributes:
        plan: How rows in time become windows.
        low, high: float32 ``[step, target]``: between these beside the forecast, in units of the
            spread of what came before, lay 90 % of the values of windows that were held out.
    """

    plan: WindowPlan
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, plan: WindowPlan, made: Any, true: Any, groups: np.ndarray) -> Forecast:
        """Learn the interval of each step from windows that were held out.

        Windows are told in units of the spread of what came before, so that a quiet series has
        narrow intervals (locally weighted split conformal prediction, Lei et al. 2018, section
        5.2). Windows that overlap are one value together: as many count as there are stretches of
        time; see `plait.model.interval_scale.end_of_groups`.

        Args:
            plan: Of the windows.
            made: Forecasts, as a predictor's outputs: a `Series` each.
            true: What came.
            groups: int ``[window]``: the stretch of time of each.
        """
        whole = np.array([len(one.values) >= plan.horizon for one in true])
        gaps = np.stack([
            one.values[: plan.horizon] - other.values[: plan.horizon]
            for one, other in zip(true, raw_of(made), strict=True)
            if len(one.values) >= plan.horizon
        ])  # fmt: skip
        low, high = (_ends(gaps, groups[whole], side) for side in (-1.0, 1.0))
        return cls(plan, low.astype(np.float32), high.astype(np.float32))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "plan": self.plan.to_dict(),
            "low": self.low.astype(float).tolist(),
            "high": self.high.astype(float).tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Forecast:
        """Rebuild what `to_dict` gave."""
        ends = (np.array(data[name], np.float32) for name in ("low", "high"))
        return cls(WindowPlan.from_dict(data["plan"]), *ends)

    def covered(self, made: Any, true: Any) -> float:
        """Return the share of values that lie in their intervals, in [0, 1]."""
        inside = known = 0
        for one, other in zip(true, raw_of(made), strict=True):
            steps = min(len(one.values), len(other.values), self.plan.horizon)
            gap = one.values[:steps] - other.values[:steps]
            there = ~np.isnan(gap)
            within = (gap >= self.low[:steps]) & (gap <= self.high[:steps])
            inside, known = inside + int((within & there).sum()), known + int(there.sum())
        return inside / max(known, 1)


def next_steps(
    model: Model, table: Table, asked: Asked | None = None, progress: Progress = SILENT
) -> Answer:
    """Return the next steps of each series of a table: a row per step.

    Columns are the time, the group where there is one, and for each target its forecast and the
    ends of its 90 % interval; of paths that are drawn, no interval.
    """
    told = model.forecast
    if told is None:
        raise ValueError("this model forecasts nothing")
    plan = told.plan
    windows, series = last_windows(table, plan)
    made = raw_of(model.outputs_of(windows, asked=asked, progress=progress))
    columns: dict[str, list[Any]] = {plan.time: []}
    if plan.group is not None:
        columns[plan.group] = []
    drawn = asked is not None and asked.temperature > 0
    for name in plan.targets:
        columns |= {name: [], **({} if drawn else {name + LOW: [], name + HIGH: []})}
    for steps, one in zip(series, made, strict=True):
        scale = Scale.of(steps.values[-plan.lookback :])
        ahead = one.values[: plan.horizon].astype(np.float64)
        values = scale.back(ahead)
        times = plan.clock.after(float(steps.times[-1]), len(values))
        columns[plan.time] += plan.clock.written(times)
        if plan.group is not None:
            columns[plan.group] += [steps.name] * len(values)
        for place, name in enumerate(plan.targets):
            columns[name] += _rounded(values[:, place])
            if not drawn:
                for end, far in ((LOW, told.low), (HIGH, told.high)):
                    columns[name + end] += _rounded(scale.back(ahead + far[: len(ahead)])[:, place])
    return Answer(columns)


def _ends(gaps: np.ndarray, groups: np.ndarray, side: float) -> np.ndarray:
    """Return one end of the interval of each step and target, ``[step, target]``."""
    found = np.zeros(gaps.shape[1:])
    for step, target in np.ndindex(*found.shape):
        own = gaps[:, step, target].astype(np.float64)
        known = ~np.isnan(own)
        if known.any():
            found[step, target] = side * end_of_groups(side * own[known], groups[known])
    return found


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{one:.7g}") for one in values.tolist()]
