"""Forecasts: the next steps of each series in a table, with how far they may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.answer import Answer
from plait.data.table import Table
from plait.data.windows.growth import out_of_logarithms
from plait.data.windows.plan import BEFORE, WindowPlan
from plait.data.windows.rows import judging_windows, last_windows
from plait.data.windows.scale import Scale, local_spread
from plait.errors import BundleError
from plait.modalities import Asked
from plait.model.forecast_levels import levels_asked
from plait.model.forecast_scores import ENDS, half_intervals
from plait.model.interval_scale import end_of_few_groups, end_of_groups
from plait.model.made import raw_of
from plait.model.wants import Wants
from plait.progress import SILENT, Progress

if TYPE_CHECKING:
    from plait.model.model import Model

LEAST_SIDE = 0.1
"""Of one side of an interval, that the other has at least: that the few windows held out all erred
to one side does not put a forecast beyond its own interval."""

POWERS = (1.0, 0.5, 0.0)

LEAST_STRETCHES = 19
"""Of time: fewer do not tell how far 5 % of the errors of a single step lie."""

NEAR_STEPS, LEAST_SIZE = 6, 1e-12
"""The so-manieth part of the steps on either side tells of a step too; least squared error."""

UNITS = "series"
"""What windows are told in, kept in a bundle: see `plait.data.windows.scale.Scale`."""

LOW, HIGH = "_q05", "_q95"
"""Behind a column's name: the ends of its 90 % interval."""


@dataclass(frozen=True)
class Forecast:
    """What a model needs to forecast.

    Attributes:
        plan: How rows in time become windows.
        low, high: float32 ``[step, target]``: between these beside the forecast, in units of the
            spread of what came before to the power, lay 90 % of the values of windows held out.
        power: How far errors go with the spread of what came before: 1 as that, 0 not at all.
    """

    plan: WindowPlan
    low: np.ndarray
    high: np.ndarray
    power: float = 1.0

    @classmethod
    def of(
        cls, plan: WindowPlan, made: Any, true: Any, local: np.ndarray, groups: np.ndarray
    ) -> Forecast:
        """Learn the interval of each step from windows that were held out.

        Errors count in units of the spread of what came before, so that a quiet time has narrow
        intervals (locally weighted split conformal prediction, Lei et al. 2018, section 5.2), as
        far as they go with it: by the power under which they are likeliest.
        Windows that overlap are one value together: as many count as there are stretches of time;
        see `plait.model.interval_scale.end_of_groups`. Where these are few, all steps tell how
        errors are spread, each in units of its own size.

        Args:
            plan: Of the windows.
            made: Forecasts, as a predictor's outputs: a `Series` each.
            true: What came.
            local: float64 ``[window, target]``; see `local_spreads`.
            groups: int ``[window]``: the stretch of time of each.
        """
        whole = np.array([len(one.values) >= plan.horizon for one in true])
        gaps = np.stack([
            one.values[: plan.horizon] - other.values[: plan.horizon]
            for one, other in zip(true, raw_of(made), strict=True)
            if len(one.values) >= plan.horizon
        ])  # fmt: skip
        power = min(POWERS, key=lambda one: _surprise(gaps, local[whole], one))
        gaps = gaps / local[whole][:, None] ** power
        ends = _ends if len(np.unique(groups[whole])) >= LEAST_STRETCHES else _ends_of_few
        low, high = (ends(gaps, groups[whole], side) for side in (-1.0, 1.0))
        low, high = np.minimum(low, -LEAST_SIDE * high), np.maximum(high, -LEAST_SIDE * low)
        return cls(plan, low.astype(np.float32), high.astype(np.float32), power)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "units": UNITS,
            "plan": self.plan.to_dict(),
            "low": self.low.astype(float).tolist(),
            "high": self.high.astype(float).tolist(),
            "power": self.power,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Forecast:
        """Rebuild what `to_dict` gave. Raises `BundleError` where windows had other units."""
        if data.get("units") != UNITS:
            raise BundleError(
                "forecasts were told in other units by the plait that wrote this",
                expected=f"windows in units of the {UNITS}",
                received=str(data.get("units", "what came before")),
                hint="fit it again",
            )
        low, high = (np.array(data[name], np.float32) for name in ("low", "high"))
        power = float(data.get("power", 1.0))  # as all were that do not say
        return cls(WindowPlan.from_dict(data["plan"]), low, high, power)

    def reads(self, table: Table) -> bool:
        """Tell whether a table is of rows in time: each that is no window yet."""
        return not table.overlaps

    def judging(self, model: Model, table: Table) -> Table:
        """Return the windows by which a model is judged; see `judging_windows`."""
        return judging_windows(table, self.plan)

    def answer(
        self, model: Model, table: Table, asked: Asked | None, progress: Progress, wants: Wants
    ) -> Answer:
        """Return the next steps of each series; see `next_steps`."""
        wants.only("quantiles")
        return next_steps(model, table, asked, progress, wants.quantiles)

    def quantile(self, level: float, ahead: np.ndarray, local: np.ndarray) -> np.ndarray:
        """Return a quantile of what follows, ``[step, target]``, in the units of the forecast.

        Args:
            level: In (0, 1); see `half_intervals`.
            ahead: The forecast, of no more steps than the horizon.
            local: The spread of what came before, ``[target]``.
        """
        side = self.low if level < 0.5 else self.high
        return ahead + half_intervals(level) * local**self.power * side[: len(ahead)]

    def ends(self, ahead: np.ndarray, local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of the 90 % intervals of a forecast; arguments as of `quantile`."""
        return self.quantile(ENDS[0], ahead, local), self.quantile(ENDS[-1], ahead, local)

    def bounds(
        self, made: Any, true: Any, local: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return forecasts, the ends of their intervals, and what came, each ``[window, step,
        target]``; NaN where it is not known. Arguments are those of `of`."""
        said = np.stack([one.values[: self.plan.horizon] for one in raw_of(made)])
        came = np.full(said.shape, np.nan)
        for place, one in enumerate(true):
            steps = min(len(one.values), said.shape[1])
            came[place, :steps] = one.values[:steps]
        unit = local[:, None] ** self.power
        low, high = (said + unit * far[: said.shape[1]] for far in (self.low, self.high))
        return said.astype(np.float64), low, high, came

    def covered(self, made: Any, true: Any, local: np.ndarray) -> float:
        """Return the share of values that lie in their intervals, in [0, 1]."""
        _, low, high, came = self.bounds(made, true, local)
        inside = (came >= low) & (came <= high)
        return int(inside.sum()) / max(int((~np.isnan(came)).sum()), 1)


def next_steps(
    model: Model,
    table: Table,
    asked: Asked | None = None,
    progress: Progress = SILENT,
    quantiles: Sequence[float] | None = None,
) -> Answer:
    """Return the next steps of each series of a table: a row per step.

    Columns are the time, the group where there is one, and for each target its forecast and its
    `quantiles`, by default the ends of its 90 % interval; of paths that are drawn, none. Raises
    `UsageError` for quantiles that are none, or of paths.
    """
    told = model.forecast
    if told is None:
        raise ValueError("this model forecasts nothing")
    plan = told.plan
    levels = levels_asked(quantiles, drawn=asked is not None and asked.temperature > 0)
    windows, series, origins = last_windows(table, plan)
    made = raw_of(model.outputs_of(windows, asked=asked, progress=progress))
    columns: dict[str, list[Any]] = {plan.time: []}
    if plan.group is not None:
        columns[plan.group] = []
    for name in plan.targets:
        columns |= {name: [], **{name + end: [] for end in levels}}
    for steps, origin, one in zip(series, origins, made, strict=True):
        known = steps.values[:origin]
        scale = Scale.of(known[-plan.lookback :], plan.spread(known))
        ahead = one.values[: plan.horizon].astype(np.float64)
        values = as_given(scale.back(ahead), plan)
        times = steps.times[origin : origin + len(values)]
        if len(times) < len(values):
            times = plan.clock.after(float(steps.times[origin - 1]), len(values))
        columns[plan.time] += plan.clock.written(times)
        if plan.group is not None:
            columns[plan.group] += [steps.name] * len(values)
        ends = [told.quantile(level, ahead, scale.local) for level in levels.values()]
        ends = [as_given(scale.back(one), plan) for one in ends]
        for place, name in enumerate(plan.targets):
            columns[name] += rounded(values[:, place])
            for end, far in zip(levels, ends, strict=True):
                columns[name + end] += rounded(far[:, place])
    return Answer(columns, windows.notes)


def local_spreads(table: Table, plan: WindowPlan, rows: np.ndarray) -> np.ndarray:
    """Return the spread of what came before each of some windows, float64 ``[window, target]``.

    In units of the series'; that of what is not known at all is the least.
    """
    nothing = np.zeros((1, len(plan.targets)))
    cells = table.column(plan.named(BEFORE), rows)
    return np.stack([local_spread(nothing if cell is None else cell) for cell in cells])


def _ends(gaps: np.ndarray, groups: np.ndarray, side: float) -> np.ndarray:
    """Return one end of the interval of each step and target, ``[step, target]``."""
    found = np.zeros(gaps.shape[1:])
    for step, target in np.ndindex(*found.shape):
        own = gaps[:, step, target].astype(np.float64)
        known = ~np.isnan(own)
        if known.any():
            found[step, target] = side * end_of_groups(side * own[known], groups[known])
    return found


def as_given(values: np.ndarray, plan: WindowPlan) -> np.ndarray:
    """Return ``[step, target]`` in the units of the table."""
    return out_of_logarithms(values, plan.targets, plan.floors)


def _ends_of_few(gaps: np.ndarray, groups: np.ndarray, side: float) -> np.ndarray:
    """Return as `_ends` one end by what all steps of a target have in common."""
    found = np.zeros(gaps.shape[1:])
    for target in range(gaps.shape[2]):
        own = gaps[:, :, target].astype(np.float64)
        known = ~np.isnan(own)
        if not known.any():
            continue
        sizes = _smooth(np.where(known, own, 0.0), known)
        scores = side * (own / sizes)[known]
        end = end_of_few_groups(scores, np.broadcast_to(groups[:, None], own.shape)[known])
        found[:, target] = side * sizes * max(end, 0.0)
    return found


def _smooth(gaps: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the size of the errors of each step and of those near it, float64 ``[step]``."""
    reach = max(1, gaps.shape[1] // NEAR_STEPS)
    squares, counts = (gaps**2).sum(axis=0), known.sum(axis=0)
    near = np.ones(2 * reach + 1)
    middle = slice(reach, reach + gaps.shape[1])
    total, num = (np.convolve(one, near)[middle] for one in (squares, counts))
    return np.sqrt(np.maximum(total / np.maximum(num, 1), LEAST_SIZE))


def _surprise(gaps: np.ndarray, local: np.ndarray, power: float) -> float:
    """Return minus the log-likelihood of errors, but for a constant, of spread ``local**power``.

    Args:
        gaps: ``[window, step, target]``.
        local: ``[window, target]``.
        power: How far errors go with it.
    """
    squares = np.nanmean((gaps / local[:, None] ** power) ** 2, axis=(0, 1))
    likely = 0.5 * np.log(np.maximum(np.nan_to_num(squares), LEAST_SIZE))
    return float((likely + power * np.log(local).mean(axis=0)).mean())


def rounded(values: np.ndarray) -> list[float]:
    """Return values as they are written, to seven digits."""
    return [float(f"{one:.7g}") for one in values.tolist()]
