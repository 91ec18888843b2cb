"""The label curve: the test score by number of labels, with and without vectors known before."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.baselines.base_models import Prototypes
from plait.baselines.features import FeatureMap, FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.linear import Linear
from plait.fitting.candidates.label_bench import Bench, Pace, Way
from plait.fitting.candidates.label_counts import label_counts, labels_needed, nested_order
from plait.fitting.setup.labelled import with_labels
from plait.fitting.setup.problem import Problem
from plait.metrics import LOWER_IS_BETTER
from plait.modalities import PredictiveTarget
from plait.progress import SILENT, Progress
from plait.spacing import even_sample
from plait.types import SPACE_MARK

NUM_DRAWS = 3
"""So often the labels of a point are drawn, except all of them."""

MAX_ROWS = 5000
"""At most so many rows are learned from, and as many judged."""

MAX_HELD_ROWS = 2000

BUDGET_SHARE, MAX_SECONDS = 0.05, 60.0
"""What the curve may take of a timed budget, and at most."""

PILOT_ROWS = 24
FEATURE_SHARE = 0.5
"""Part of the time that the features may take; fewer rows are used where they would take more."""

LEAST_JUDGED = 100
"""Where there is no time to judge so many rows, of those that there are, nothing is measured."""

OWN = "own features alone"


def curve_seconds(budget_seconds: float | None) -> float | None:
    """Return the time that the curve may take of a budget; None where that is not a time."""
    return None if budget_seconds is None else min(BUDGET_SHARE * budget_seconds, MAX_SECONDS)


def measure_label_curve(
    problem: Problem, *, seed: int, seconds: float | None, progress: Progress = SILENT
) -> dict[str, Any]:
    """Return how the test score grows with labels; {} where there is nothing to compare or no time.

    Linear models (and prototypes, of a shared space) learn from nested, stratified parts of the
    training rows: once from the columns' own simple features, once with the vectors of a shared
    space or of pretrained encoders among them, or from those alone, as validation rows say.

    Args:
        problem: With the derived columns.
        seed: Of the draws.
        seconds: Time that it may take: points that come too late are left out; None for no limit.
        progress: Told of the work.

    Returns:
        JSON-ready: ``metric``, ``lower_is_better``, ``points`` (``name``, ``labels``, ``value``,
        ``interval`` of the draws or None, ``draws``), ``labels_saved`` (how many times fewer
        labels the second curve needs to reach what the first does with all of them; None when
        it never does), ``at_least`` (it needs fewer still), ``needed`` (labels of the first and of
        the second), ``learner``, ``columns``, ``rows`` (judged), ``num_labels`` (all that there
        are), ``said`` (a sentence), ``seconds``.
    """
    began = time.monotonic()
    columns = tuple(r.column for r in problem.derived_columns if r.column in problem.columns)
    if not columns or not len(problem.judged) or not _can_learn():
        return {}
    pace = Pace(None if seconds is None else began + seconds)
    update = progress.task("label curve", 2)
    bench = _open_bench(problem, columns, seed, seconds, pace)
    if bench is None:
        update(2)
        return {}
    counts = label_counts(bench.learn.form.strata(bench.learn.truth))
    own = Way(OWN, problem.inputs, Linear)
    ways = _ways(problem, columns, bench.learn.codec)
    bench.draw([own, *ways], counts, 0)
    update(1)
    chosen = bench.best(ways)
    for number in range(1, NUM_DRAWS):
        bench.draw([own, chosen], counts[:-1], number)
    update(2)
    curves = bench.curve(own, OWN), bench.curve(chosen, _name(columns))
    if len(curves[0]) < 2:
        return {}
    record = _record(*curves, bench, chosen, len(problem.splits.train))
    return {**record, "seconds": round(time.monotonic() - began, 2)}


def told(record: Mapping[str, Any], metrics: Mapping[str, Any], num_labels: int) -> dict[str, Any]:
    """Return what to add to a fit's metrics: the curve, the shipped model on it, and a note.

    Args:
        record: As `measure_label_curve` returns it.
        metrics: Of the fit: ``test``, ``notes``.
        num_labels: Labels that the shipped model learned from.
    """
    if not record:
        return {}
    name = record["metric"]
    value = ((metrics.get("test") or {}).get("metrics") or {}).get(name)
    shipped = {"name": "shipped model", "labels": num_labels, "value": value}
    return {
        "label_efficiency": {**record, "shipped": None if value is None else shipped},
        "notes": [*metrics.get("notes", []), record["said"]],
    }


def _open_bench(
    problem: Problem, columns: Sequence[str], seed: int, seconds: float | None, pace: Pace
) -> Bench | None:
    """Return the bench, its features made; None where labels or time are too few.

    What is judged is not learned from, nor chosen by: without a test, validation rows are judged.
    """
    codec = problem.target_codec
    rows = np.setdiff1d(problem.splits.train, problem.judged)
    rows = rows[codec.form.known(problem.truth[rows])]
    held = np.setdiff1d(problem.validation, problem.judged)
    every = (*problem.inputs, *columns)
    share = _share_in_time(problem, every, rows, len(held), seconds)
    judged = _even(problem.judged, share, MAX_ROWS)
    order = nested_order(codec.form.strata(problem.truth[rows]), seed)
    rows = np.sort(rows[order[: int(share * min(len(rows), MAX_ROWS))]])
    enough = len(judged) >= min(LEAST_JUDGED, len(problem.judged))
    if not enough or not label_counts(codec.form.strata(problem.truth[rows])):
        return None
    features, matrices = FeatureMap.fit(problem.prepared, every, rows)

    def labelled(rows: np.ndarray) -> LabelledRows:
        return with_labels(problem, FeatureMatrices(features, problem.prepared, rows))

    learn = with_labels(problem, matrices)
    choose = labelled(_even(held, share, MAX_HELD_ROWS)) if len(held) else None
    return Bench(learn, choose, labelled(judged), seed, pace)


def _share_in_time(
    problem: Problem, columns: Sequence[str], rows: np.ndarray, num_held: int, seconds: float | None
) -> float:
    """Return the share of rows, in [0, 1], whose features are made in time, from some of them."""
    if seconds is None or not len(rows):
        return 1.0
    some = rows[:PILOT_ROWS]
    began = time.monotonic()
    FeatureMap.fit(problem.prepared, columns, some)
    # The plan of the features reads every row once more.
    per_row = (time.monotonic() - began) / (2 * len(some))
    total = min(len(rows), MAX_ROWS) + min(num_held, MAX_HELD_ROWS)
    total += min(len(problem.judged), MAX_ROWS)
    return min(1.0, max(0.0, FEATURE_SHARE * seconds) / max(per_row * total, 1e-9))


def _ways(problem: Problem, columns: Sequence[str], codec: PredictiveTarget) -> list[Way]:
    """Return the ways to learn with the derived columns, that of all columns first."""
    every, spaces = (*problem.inputs, *columns), tuple(c for c in columns if c.endswith(SPACE_MARK))
    ways = [
        Way("linear on all columns", every, Linear),
        Way("linear on the vectors alone", tuple(columns), Linear),
    ]
    if spaces and codec.form.exclusive:
        ways.append(Way("prototypes of the shared space", spaces, Prototypes))
    return ways


def _record(
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    bench: Bench,
    chosen: Way,
    num_labels: int,
) -> dict[str, Any]:
    lower = bench.metric in LOWER_IS_BETTER
    a, b = ([(p["labels"], p["value"]) for p in points] for points in (first, second))
    goal = a[-1][1]
    needed = labels_needed(a, goal, lower), labels_needed(b, goal, lower)
    saved = needed[0] / needed[1] if needed[0] and needed[1] else None
    at_least = saved is not None and needed[1] == b[0][0] and saved > 1
    return {
        "metric": bench.metric,
        "lower_is_better": lower,
        "points": [*first, *second],
        "labels_saved": saved,
        "at_least": at_least,
        "needed": list(needed),
        "learner": chosen.name,
        "columns": list(chosen.columns),
        "rows": len(bench.judged.truth),
        "num_labels": num_labels,
        "said": _sentence(second[0]["name"], needed, at_least, a[-1][0]),
    }


def _sentence(
    name: str, needed: tuple[float | None, float | None], at_least: bool, most: int
) -> str:
    """Return what the curves say."""
    own, other = needed
    if own is None or other is None:
        return f"{name}, a linear model needs more than {most:,} labels to do as well as without"
    said = f"{name}, {other:,.0f} labels do what {own:,.0f} do without"
    if own / other < 1.05:
        return said + ": none are saved"
    return f"{said}: {'at least ' if at_least else ''}{own / other:.1f} times fewer"


def _name(columns: Sequence[str]) -> str:
    spaces = [column.endswith(SPACE_MARK) for column in columns]
    if all(spaces):
        return "with the shared space"
    return "with space and encoders" if any(spaces) else "with pretrained vectors"


def _even(rows: np.ndarray, share: float, most: int) -> np.ndarray:
    """Return a share of at most so many rows, evenly spread over them, and at least one."""
    num = max(1, int(share * min(len(rows), most)))
    return even_sample(rows, num)


def _can_learn() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("scipy", "sklearn"))
