"""What a fit of rows in time adds to its model and records: how it is used, and intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from plait.baselines.features import FeatureMap
from plait.data.cautions import caution
from plait.data.episodes.plan import EpisodePlan
from plait.data.histories.plan import HistoryPlan
from plait.data.schema import Column, Schema
from plait.data.windows.plan import WindowPlan
from plait.display import model_name
from plait.fitting.records.left_out import left_out
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.timetable import Timetable
from plait.modalities import SimpleGenerator, StartingGenerator, begins_at
from plait.modalities.series.fans import Fan, fans
from plait.modalities.series.judging_groups import NUM_FOLDS
from plait.model.forecast import LEAST_STRETCHES, Forecast, local_spreads
from plait.model.forecast_judging import JudgedForecasts, scores_said
from plait.model.generator import Generator
from plait.model.model import Model
from plait.model.policy import Policy
from plait.model.recommendation import Recommendation
from plait.spacing import even_sample
from plait.types import Arrays

OFFLINE = (
    "learned from recorded episodes alone, never tried in its environment: plait play tells what "
    "it reaches there"
)

LEAST_COVERED = 0.85
"""Intervals that hold less of the test are warned of."""

NUM_WAYS = 4
"""A fit tries about so many ways to be told, so that fitting it once again takes a part of it; and
fits without some of the rows, of which there are as many, take about as long as it did."""

LEAST_TOLD = 10
"""Stretches of time that tell of errors: fewer are warned of."""

MOST_LEFT_OUT = 1500
"""Windows that are told by fits without them, at most."""

MOST_MADE = 500
"""Windows that intervals are learned from, and tried on, at most each."""


def in_use(
    model: Model,
    problem: Problem,
    plan: WindowPlan | HistoryPlan | EpisodePlan | None,
    records: dict[str, Any],
    timetable: Timetable,
) -> None:
    """Let a model answer rows in time: what follows of each series, what each group takes, or what
    to do at each step. What would take longer than is left of the time is not done. Nothing is
    done without a plan: rows are not in time then."""
    if plan is None:
        return
    if isinstance(plan, EpisodePlan):
        model.policy = Policy(plan)
        records["metrics"]["notes"].append(OFFLINE)
        return
    if isinstance(plan, HistoryPlan):
        model.recommendation = Recommendation(plan)
        columns = (_plain(one, plan.goal) for one in model.schema.columns)
        model.schema = Schema(tuple(columns))
    else:
        with timetable.part("intervals"):
            forecasting(model, problem, plan, records, timetable)


def _plain(column: Column, goal: str) -> Column:
    """Return the column of items without the catalogue, which its codec has."""
    return replace(column, settings={}) if column.name == goal else column


def forecasting(
    model: Model,
    problem: Problem,
    plan: WindowPlan,
    records: dict[str, Any],
    timetable: Timetable,
) -> None:
    """Let a model forecast: its intervals are those of windows that it was only chosen by.

    Where these are few, a simple model's are of what it says of all windows by fits without them.
    How often they held on the test is noted in the records; once that is known, one that can learns
    from all windows, by the choices that were made: the latest tell most of what follows. Each of
    these is left out, and noted, where it would take longer than is left of the time. That few
    stretches of time tell of errors, whatever ships, is warned of.
    """
    num = _with_intervals(model, problem, plan, records, timetable)
    if num < LEAST_TOLD:
        text = (
            f"90 % intervals rest on {num:,} stretches of time alone: they are wide, by Student's "
            "t, and what no such stretch had may lie beyond them"
        )
        records["metrics"]["warnings"].append(caution("coverage", plan.goal, text))


def _with_intervals(
    model: Model,
    problem: Problem,
    plan: WindowPlan,
    records: dict[str, Any],
    timetable: Timetable,
) -> int:
    """Do as `forecasting`, and return how many stretches of time tell of errors."""
    notes, generator = records["metrics"]["notes"], model.generator
    held, groups = _made(model, problem, plan, problem.splits.validation)
    anew, few = _begins_anew(generator), len(np.unique(groups)) < LEAST_STRETCHES
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    apart = len(np.unique(problem.groups[rows])) >= NUM_FOLDS
    alone = anew or (apart and generator.config is None)
    fit = _fit_seconds(generator, records) if alone else 0.0
    if alone and few and _has_time(timetable, fit if anew else NUM_FOLDS * fit):
        held, groups = _left_out(generator, problem, plan, rows)
    elif alone and few:
        anew = False
        notes.append("intervals are of the rows that choose alone, for want of time: wide ones")
    model.forecast = Forecast.of(plan, *held, groups)
    num = len(np.unique(groups))
    if len(problem.splits.test):
        _try_intervals(model, problem, plan, records, num)
    if not anew:
        return num
    parts = "the rows that choose"
    if plan.split is None:
        parts, rows = "the rows set aside", np.sort(np.concatenate([rows, problem.splits.test]))
    name = model_name(generator.shipped)
    if not _has_time(timetable, fit / NUM_WAYS + few * fit):
        notes.append(f"{name} did not learn from {parts} too, for want of time")
        return num
    if few and plan.split is None:
        held, groups = _left_out(generator, problem, plan, rows)
        model.forecast = Forecast.of(plan, *held, groups)
    _learn_all(generator, problem, rows)
    notes.append(f"{name} learned from {parts} too, once it was scored")
    return len(np.unique(groups))


def _fit_seconds(generator: Generator, records: dict[str, Any]) -> float:
    """Return how long the simple model that ships was fitted: in some ways, of which it chose."""
    told = {one["name"]: one["seconds"] for one in records["metrics"]["baselines"]}
    return float(told[generator.shipped])


def _has_time(timetable: Timetable, foreseen: float) -> bool:
    left = timetable.left()
    return left is None or left >= foreseen


def _try_intervals(
    model: Model, problem: Problem, plan: WindowPlan, records: dict[str, Any], num: int
) -> None:
    """Note how often the intervals, of so many stretches of time, held on the test."""
    told = cast("Forecast", model.forecast)
    some = np.unique(even_sample(problem.splits.test, MOST_MADE))
    held, _ = _made(model, problem, plan, some)
    judged = JudgedForecasts.of(told, problem.table, some, *held[:2])
    _score(judged, records["metrics"])
    share = records["metrics"]["coverage"] = told.covered(*held)
    text = (
        f"90 % intervals, of {num:,} stretches of time that nothing was learned "
        f"from, held {100 * share:.1f} % of the test's values"
    )
    if share >= LEAST_COVERED:
        records["metrics"]["notes"].append(text)
    else:
        caveat = f"{text}: the future is less like the past than they suppose"
        records["metrics"]["warnings"].append(caution("coverage", plan.goal, caveat))


def _score(judged: JudgedForecasts, metrics: dict[str, Any]) -> None:
    """Score forecasts with their intervals, and draw some, in the units of windows."""
    if not judged.known:
        return
    scores = judged.scores()
    metrics["forecast"] = scores
    metrics["notes"].append(scores_said(scores, "the test"))
    parts = zip(judged.before, judged.true, judged.said, judged.low, judged.high, strict=True)
    drawn = [Fan(*(part[:, 0] for part in one)) for one in parts]
    metrics["panel"] = metrics.get("panel", "") + fans(drawn, "90 %")


def _begins_anew(generator: Generator) -> bool:
    """Tell whether a simple model answers alone that can be fitted anew as it was chosen."""
    kind, alone = begins_at(generator.target), generator.config is None
    return kind is not None and alone and isinstance(generator.simple, kind)


def _left_out(
    generator: Generator, problem: Problem, plan: WindowPlan, rows: np.ndarray
) -> tuple[tuple[Any, Any, np.ndarray], np.ndarray]:
    """Return as `_made` what is said of windows by fits without them, of some of very many."""
    rows = even_sample(rows, MOST_LEFT_OUT)
    matrices, targets = _told(generator, problem, rows)
    simple = cast("SimpleGenerator", generator.simple)
    if _begins_anew(generator):
        said = cast("StartingGenerator", simple).left_out(matrices, targets)
    else:
        num_near = -(-plan.lookback // plan.horizon) + 1
        said = left_out(type(simple), matrices, targets, generator.target, num_near)
    made = generator.made(said, problem.prepared, rows)
    held = (made, generator.truth(targets), local_spreads(problem.table, plan, rows))
    return held, problem.groups[rows]


def _learn_all(generator: Generator, problem: Problem, rows: np.ndarray) -> None:
    simple = cast("StartingGenerator", generator.simple)
    generator.simple = simple.again(*_told(generator, problem, rows))


def _told(generator: Generator, problem: Problem, rows: np.ndarray) -> tuple[Any, list[Arrays]]:
    """Return the features of rows, and their prepared targets."""
    features = cast("FeatureMap", generator.features)
    matrices = features.matrices(problem.prepared, rows)
    column = problem.prepared.columns[generator.name]
    return matrices.grouped(problem.groups[rows]), [column[int(row)] or {} for row in rows]


def _made(
    model: Model, problem: Problem, plan: WindowPlan, rows: np.ndarray
) -> tuple[tuple[Any, Any, np.ndarray], np.ndarray]:
    """Return what the model makes of some windows, what came and the spread of what came before;
    and their stretches of time."""
    some = np.unique(even_sample(rows, MOST_MADE))
    made = model.predictor.outputs(problem.prepared, some)
    local = local_spreads(problem.table, plan, some)
    return (made, model.truth(problem.prepared, some), local), problem.groups[some]
