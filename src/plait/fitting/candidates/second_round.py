"""Gives time that is left over to simple models that it had cut short, or left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from plait.baselines.base_models import Linear, Majority
from plait.baselines.contract import Deadline
from plait.display import model_name
from plait.fitting.candidates.allowance import Allowance
from plait.fitting.candidates.base_model_bench import Measured
from plait.fitting.candidates.base_models import (
    REDUCED_MODELS_SHARE,
    BaseModels,
    with_reduced_models,
)
from plait.fitting.candidates.schedule import Schedule
from plait.fitting.setup.deep_plan import DeepResult
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.timetable import Timetable
from plait.modalities import PredictiveTarget
from plait.progress import Progress

LONGER = 1.5
"""What was cut short is tried again where it can have so many times what it had."""

ROOM = 2.0
"""It may take so many times what it is foreseen to need, where others do not need their share."""

TRIED_SHARE = 0.05
"""A linear model that would need more than is left is begun where so much of that is there."""

UNUSED_SHARE = 0.15
"""A fit says why it did not use more than so much of its budget."""


def measure_again(
    problem: Problem,
    base_models: BaseModels,
    seconds: float | None,
    *,
    seed: int,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> BaseModels:
    """Measure once more what was cut short or left out, as far as it is foreseen to end in time.

    The best gain per second comes first. What is cut short again takes the place of what was only
    where it is better. The rest of the time goes to reduced models of the new ones.

    Args:
        problem: What to learn.
        base_models: From before.
        seconds: That are left; None where time is free, and nothing was cut short.
        seed: Of the models.
        progress: Told of the work.
        clock: Returns seconds.
    """
    if seconds is None or base_models.bench is None:
        return base_models
    needed = seconds_needed(base_models)
    began = clock()
    end, until = began + seconds, began + (1.0 - REDUCED_MODELS_SHARE) * seconds
    names = [name for name in needed if needed[name] <= until - began]
    names = Schedule(until, needed, clock=clock).order(names)
    if not names and _may_be_begun(base_models, needed, until - began):
        names, needed = [Linear.name], {**needed, Linear.name: 0.0}
    if not names:
        return base_models
    update = progress.task("baselines again", len(names) + 1)
    found, left_out = dict(base_models.found), dict(base_models.left_out)
    for place, name in enumerate(names):
        left = until - clock()
        if needed[name] > left:
            continue
        share = max(left / (len(names) - place), min(ROOM * needed[name], left))
        one = base_models.bench.measure(base_models.kinds[name], Deadline(clock() + share))
        if isinstance(one, float):
            left_out |= {name: one} if name in left_out else {}
        elif _is_better(one, found.get(name), problem, base_models):
            found[name] = one
            left_out.pop(name, None)
        update(place + 1, model_name(name))
    changed = [name for name in found if found[name] is not base_models.found.get(name)]
    base_models = base_models.with_found(found, left_out)
    base_models = with_reduced_models(base_models, problem, changed, seed, Allowance(deadline=end))
    update(len(names) + 1, "reduced models")
    return base_models


def _may_be_begun(base_models: BaseModels, needed: Mapping[str, float], seconds: float) -> bool:
    """Tell whether a linear model that time left out is worth its beginning: each step helps.

    Not where it is cross-fitted: then every fold would have to be begun.
    """
    alone = base_models.bench is not None and base_models.bench.runs == 1
    return alone and TRIED_SHARE * needed.get(Linear.name, np.inf) <= seconds


def seconds_needed(base_models: BaseModels) -> dict[str, float]:
    """Return name -> seconds that each would need which time cut short or left out."""
    if base_models.bench is None:
        return {}
    names = [
        name
        for name in base_models.kinds
        if name in base_models.cut_short
        and name not in base_models.rows_of
        and name != Majority.name
    ]
    foreseen = base_models.bench.foreseen(names, None)
    again = {name: max(foreseen[name], LONGER * base_models.found[name].seconds) for name in names}
    return {**again, **base_models.left_out}


def why_unused(base_models: BaseModels, deep: DeepResult, timetable: Timetable) -> tuple[str, ...]:
    """Say why a fit ends long before its budget does, where it does."""
    left = timetable.left()
    if left is None or timetable.seconds is None or left < UNUSED_SHARE * timetable.seconds:
        return ()
    waiting = seconds_needed(base_models)
    said = f"{left:.0f} of the {timetable.seconds:g} s were not used: "
    if waiting:
        names = " and ".join(
            f"{model_name(name)} ({seconds:,.0f} s)" for name, seconds in waiting.items()
        )
        return (f"{said}what is left to do takes longer: {names}",)
    done = ["every simple model is complete"] if base_models.fitted else []
    if deep.systems:
        done.append("the network had stopped to get better")
    return (said + " and ".join(done),)


def _is_better(
    one: Measured, before: Measured | None, problem: Problem, base_models: BaseModels
) -> bool:
    """Tell whether what was measured is complete, or costs less than what was there before."""
    if before is None or not one.cut_short:
        return True
    truth, codec = problem.truth[base_models.judged], problem.target_codec
    return _cost(codec, one, truth) < _cost(codec, before, truth)


def _cost(codec: PredictiveTarget, found: Measured, truth: np.ndarray) -> float:
    return float(codec.cost(found.outputs, truth).mean())
