"""Residuals of forecasts: the steps of a table beside what was foreseen of them, and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.answer import Answer
from plait.data.free_names import free_name
from plait.data.table import Table
from plait.data.windows.plan import WindowPlan
from plait.data.windows.rolling import Rolled, enough_before, rolling_windows
from plait.data.windows.scale import Scale
from plait.data.windows.steps import Steps, numbers_of
from plait.model.forecast import HIGH, LOW, Forecast, as_given, rounded
from plait.model.made import raw_of
from plait.progress import Progress

if TYPE_CHECKING:
    from plait.model.model import Model

FORECAST, SCORE, RANK, UNSCORED = "_forecast", "_score", "_rank", "_unscored"
"""Behind a target's name: what was foreseen, how far the value lies from it, the place of that
among all scores, and why there is none."""

TOO_LITTLE, NO_VALUE = "too little before", "no value"

LEAST_HALF = 1e-9
"""Of a series' spread: half an interval is never taken for narrower."""


@dataclass(frozen=True)
class Compared:
    """The steps of one series beside what was foreseen of them; NaN where nothing was.

    Attributes:
        steps_ahead: int ``[step]``: how far each lay ahead; 0 where nothing was foreseen.
        said, low, high: float64 ``[step, target]``, in the units of the table.
        score: float64 ``[step, target]``, how far the value lies from `said` in units of the way
            from there to the end of the interval on its side.
        enough: bool ``[step, target]``: whether enough was known before.
    """

    steps_ahead: np.ndarray
    said: np.ndarray
    low: np.ndarray
    high: np.ndarray
    score: np.ndarray
    enough: np.ndarray

    @classmethod
    def nothing(cls, steps: Steps) -> Compared:
        """Return that of a series of which nothing was foreseen."""
        shape = steps.values.shape
        said, low, high, score = (np.full(shape, np.nan) for _ in range(4))
        return cls(np.zeros(len(steps), np.int64), said, low, high, score, np.zeros(shape, bool))


def compared_rows(
    model: Model, told: Forecast, table: Table, every: int, progress: Progress
) -> Answer:
    """Return the rows of a table as `plait.model.anomalies.anomalies` does.

    Args:
        model: That forecasts.
        told: How.
        table: Rows in time.
        every: Steps from one moment to the next, 1 to the horizon.
        progress: Told of the work.
    """
    rolled = rolling_windows(table, told.plan, every=every)
    compared = [Compared.nothing(one) for one in rolled.series]
    if rolled.table is not None:
        made = raw_of(model.outputs_of(rolled.table, progress=progress))
        _compare(told, rolled, [one.values for one in made], every, compared)
    return _answer(table, told.plan, rolled, compared)


def _compare(
    told: Forecast, rolled: Rolled, made: list[np.ndarray], every: int, compared: list[Compared]
) -> None:
    """Fill in what was foreseen of the steps that each window tells."""
    plan = told.plan
    for window, first, one in zip(rolled.windows, rolled.firsts, made, strict=True):
        steps, into = rolled.series[window.series], compared[window.series]
        stop = min(first + every, rolled.ends[window.series])
        known = steps.values[: window.origin]
        scale = Scale.of(known[-plan.lookback :], plan.spread(known))
        own, there = slice(first - window.origin, stop - window.origin), slice(first, stop)
        ahead = one[: plan.horizon].astype(np.float64)
        said, low, high = (part[own] for part in (ahead, *told.ends(ahead, scale.local)))
        gap = scale.without(steps.values[there]) - said
        half = np.maximum(np.where(gap < 0, said - low, high - said), LEAST_HALF)
        enough = enough_before(steps, window.origin, plan)
        into.steps_ahead[there] = np.arange(own.start, own.stop) + 1
        into.enough[there] = enough
        into.score[there] = np.where(enough, np.abs(gap) / half, np.nan)
        for kept, values in ((into.said, said), (into.low, low), (into.high, high)):
            kept[there] = np.where(enough, as_given(scale.back(values), plan), np.nan)


def _answer(table: Table, plan: WindowPlan, rolled: Rolled, compared: list[Compared]) -> Answer:
    """Return the rows of the table in time with what was foreseen of them."""
    kept = [
        np.flatnonzero(np.append(True, np.diff(one.row_of) != 0)[:end])
        for one, end in zip(rolled.series, rolled.ends, strict=True)
    ]

    def laid(parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([part[own] for part, own in zip(parts, kept, strict=True)])

    series, names = rolled.series, {plan.time, plan.group, *plan.targets}
    columns: dict[str, Any] = {plan.time: plan.clock.written(laid([one.times for one in series]))}
    if plan.group is not None:
        columns[plan.group] = [one.name for one, own in zip(series, kept, strict=True) for _ in own]
    ahead = laid([one.steps_ahead for one in compared])
    columns[free_name("steps_ahead", names)] = ahead.tolist()
    rows, notes = laid([one.row_of for one in series]), []
    for place, name in enumerate(plan.targets):
        values = numbers_of(table, name)[rows]
        said, low, high, score = (
            laid([getattr(one, part)[:, place] for one in compared])
            for part in ("said", "low", "high", "score")
        )
        short = ~laid([one.enough[:, place] for one in compared])
        why = [TOO_LITTLE if no else NO_VALUE if np.isnan(one) else None
               for no, one in zip(short, score, strict=True)]  # fmt: skip
        parts = {"": values, FORECAST: said, LOW: low, HIGH: high, SCORE: score}
        told: dict[str, list[Any]] = {end: _known(part) for end, part in parts.items()}
        told |= {RANK: _ranks(score), UNSCORED: why}
        columns |= {free_name(name + end, names) if end else name: one
                    for end, one in told.items()}  # fmt: skip
        notes += _notes(name, score, why, columns, plan)
    return Answer(columns, (*rolled.notes, *notes))


def _known(values: np.ndarray) -> list[float | None]:
    """Return values as they are written; None where there is none."""
    told = zip(rounded(values), np.isnan(values), strict=True)
    return [None if missing else value for value, missing in told]


def _ranks(score: np.ndarray) -> list[int | None]:
    """Return the place of each among all, 1 for the highest; None where there is no score."""
    known = np.flatnonzero(~np.isnan(score))
    found: list[int | None] = [None] * len(score)
    for rank, row in enumerate(known[np.argsort(-score[known], kind="stable")].tolist(), 1):
        found[row] = rank
    return found


def _notes(
    name: str,
    score: np.ndarray,
    why: list[str | None],
    columns: dict[str, Any],
    plan: WindowPlan,
) -> list[str]:
    """Return how many values of a target were compared, how many lie outside, and the farthest."""
    known = ~np.isnan(score)
    found = []
    if known.any():
        share, top = 100 * float((score[known] > 1).mean()), int(np.nanargmax(score))
        of = f" of '{columns[plan.group][top]}'" if plan.group is not None else ""
        found.append(
            f"{share:.1f} % of {int(known.sum()):,} values of '{name}' lie outside their 90 % "
            f"intervals, the farthest {score[top]:.3g} times as far as the end, at "
            f"{columns[plan.time][top]}{of}"
        )
    for reason, words in (
        (
            TOO_LITTLE,
            f"have fewer than {plan.lookback:,} steps before them, or half are unknown",
        ),
        (NO_VALUE, f"have no value of '{name}'"),
    ):
        if num := sum(one == reason for one in why):
            found.append(f"{num:,} rows {words}: they have no score of '{name}'")
    return found
