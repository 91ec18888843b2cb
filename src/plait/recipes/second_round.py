"""Gives time that is left over to simple models that it had cut short, or left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from plait.baselines.contract import Deadline
from plait.baselines.experts import Linear, Majority
from plait.modalities import PredictiveTarget
from plait.progress import Progress
from plait.recipes.allowance import Allowance
from plait.recipes.deep_plan import DeepResult
from plait.recipes.rival_bench import Measured
from plait.recipes.rivals import SPECIALIST_SHARE, Rivals, with_specialists
from plait.recipes.schedule import Schedule
from plait.recipes.task import Task
from plait.recipes.timetable import Timetable

LONGER = 1.5
"""What was cut short is tried again where it can have so many times what it had."""

ROOM = 2.0
"""It may take so many times what it is foreseen to need, where others do not need their share."""

TRIED_SHARE = 0.05
"""A linear model that would need more than is left is begun where so much of that is there."""

UNUSED_SHARE = 0.15
"""A fit says why it did not use more than so much of its budget."""


def measure_again(
    task: Task,
    rivals: Rivals,
    seconds: float | None,
    *,
    seed: int,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> Rivals:
    """Measure once more what was cut short or left out, as far as it is foreseen to end in time.

    The best gain per second comes first. What is cut short again takes the place of what was only
    where it is better. The rest of the time goes to specialists of the new ones.

    Args:
        task: What to learn.
        rivals: From before.
        seconds: That are left; None where time is free, and nothing was cut short.
        seed: Of the models.
        progress: Told of the work.
        clock: Returns seconds.
    """
    if seconds is None or rivals.bench is None:
        return rivals
    needed = seconds_needed(rivals)
    began = clock()
    end, until = began + seconds, began + (1.0 - SPECIALIST_SHARE) * seconds
    names = [name for name in needed if needed[name] <= until - began]
    names = Schedule(until, needed, clock=clock).order(names)
    if not names and _may_be_begun(rivals, needed, until - began):
        names, needed = [Linear.name], {**needed, Linear.name: 0.0}
    if not names:
        return rivals
    update = progress.task("baselines again", len(names) + 1)
    found, left_out = dict(rivals.found), dict(rivals.left_out)
    for place, name in enumerate(names):
        left = until - clock()
        if needed[name] > left:
            continue
        share = max(left / (len(names) - place), min(ROOM * needed[name], left))
        one = rivals.bench.measure(rivals.kinds[name], Deadline(clock() + share))
        if isinstance(one, float):
            left_out |= {name: one} if name in left_out else {}
        elif _is_better(one, found.get(name), task, rivals):
            found[name] = one
            left_out.pop(name, None)
        update(place + 1, name)
    changed = [name for name in found if found[name] is not rivals.found.get(name)]
    rivals = rivals.with_found(found, left_out)
    rivals = with_specialists(rivals, task, changed, seed, Allowance(deadline=end))
    update(len(names) + 1, "specialists")
    return rivals


def _may_be_begun(rivals: Rivals, needed: Mapping[str, float], seconds: float) -> bool:
    """Tell whether a linear model that time left out is worth its beginning: each step helps.

    Not where it is cross-fitted: then every fold would have to be begun.
    """
    alone = rivals.bench is not None and rivals.bench.runs == 1
    return alone and TRIED_SHARE * needed.get(Linear.name, np.inf) <= seconds


def seconds_needed(rivals: Rivals) -> dict[str, float]:
    """Return name -> seconds that each would need which time cut short or left out."""
    if rivals.bench is None:
        return {}
    names = [
        name
        for name in rivals.kinds
        if name in rivals.cut_short and name not in rivals.rows_of and name != Majority.name
    ]
    foreseen = rivals.bench.foreseen(names, None)
    again = {name: max(foreseen[name], LONGER * rivals.found[name].seconds) for name in names}
    return {**again, **rivals.left_out}


def why_unused(rivals: Rivals, deep: DeepResult, timetable: Timetable) -> tuple[str, ...]:
    """Say why a fit ends long before its budget does, where it does."""
    left = timetable.left()
    if left is None or timetable.seconds is None or left < UNUSED_SHARE * timetable.seconds:
        return ()
    waiting = seconds_needed(rivals)
    said = f"{left:.0f} of the {timetable.seconds:g} s were not used: "
    if waiting:
        names = " and ".join(f"'{name}' ({seconds:,.0f} s)" for name, seconds in waiting.items())
        return (f"{said}what is left to do takes longer: {names}",)
    done = ["every simple model is complete"] if rivals.experts else []
    if deep.systems:
        done.append("the network had stopped to get better")
    return (said + " and ".join(done),)


def _is_better(one: Measured, before: Measured | None, task: Task, rivals: Rivals) -> bool:
    """Tell whether what was measured is complete, or costs less than what was there before."""
    if before is None or not one.cut_short:
        return True
    truth, codec = task.truth[rivals.judged], task.target_codec
    return _cost(codec, one, truth) < _cost(codec, before, truth)


def _cost(codec: PredictiveTarget, found: Measured, truth: np.ndarray) -> float:
    return float(codec.cost(found.outputs, truth).mean())
