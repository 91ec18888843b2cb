"""Fit of several targets: one network for all of them, then each is chosen and judged by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from plait.fitting.encoders.read_alike import read_alike
from plait.fitting.generate import check_generated, learn_generated
from plait.fitting.learn import learn_target
from plait.fitting.setup.problem import Problem, with_space
from plait.fitting.setup.work import Work
from plait.fitting.space.linear_space import learn_linear
from plait.modalities import GeneratedTarget
from plait.model.model import Model
from plait.model.shared_space import SharedSpace

NETWORK_SHARES, NETWORK_SECONDS = (0.35, 0.55), (30.0, 120.0)
"""About what the network takes of short fits of one target and of long ones, and what these are."""

FURTHER_TARGET = 0.3
"""A step of the network for a further target takes about so much more (docs/log.md, 2026-11-30)."""

Learned = tuple[Model, dict[str, Any]]
"""A model of one target, and its records."""


def learn_several(problems: Sequence[Problem], work: Work) -> list[Learned]:
    """Return the best model of each target, and its records: metrics and samples.

    All targets read the same columns. The network is trained first, together for all. Each target
    then has its own simple models, choice, calibration and scores, as if it were fitted alone, and
    the network is one of its candidates.

    Args:
        problems: One for each target, over the same rows and inputs.
        work: Settings.

    Raises `UsageError` for settings that a generated target does not know.
    """
    if any(_is_generated(problem) for problem in problems):
        check_generated(work)
    with work.timetable.part("encoders"):
        problems, told = read_alike(problems, work)
        problems, space = _with_space(problems, work)
    start = replace(work.config.start, encoders="none", tune="frozen")
    work = replace(work, config=replace(work.config, start=start), alone=False, space=space)
    trained = {} if work.simple else _trained(problems, work)
    learned = []
    for place, problem in enumerate(problems):
        own = replace(
            work,
            config=replace(work.config, target=problem.target),
            timetable=work.timetable.share(1 / (len(problems) - place)),
            trained=trained.get(str(problem.target)),
        )
        model, records = (learn_generated if _is_generated(problem) else learn_target)(problem, own)
        records["metrics"] |= told
        learned.append((model, records))
    return learned


def _trained(problems: Sequence[Problem], work: Work) -> Mapping[str, Any]:
    from plait.fitting.network.joint import train_joint

    left = work.timetable.left()
    share = _network_share(work.timetable.seconds or 0.0, len(problems))
    with work.timetable.part("network"):
        return train_joint(problems, work, None if left is None else share * left)


def _network_share(seconds: float, num_targets: int) -> float:
    """Return what the network may take: its part beside what each target takes by itself."""
    alone = float(np.interp(seconds, NETWORK_SECONDS, NETWORK_SHARES))
    network = alone * (1 + FURTHER_TARGET * (num_targets - 1))
    return network / (network + num_targets * (1 - alone))


def _with_space(
    problems: Sequence[Problem], work: Work
) -> tuple[list[Problem], SharedSpace | None]:
    """Return the problems with the vectors of one shared space, and the space.

    It is the base's, or where most rows have no target at all a linear one of all of them.
    """
    if work.base is not None:
        space: SharedSpace | None = work.base.space
        notes = tuple(f"the base: {one}" for one in work.base.space.warnings)
    else:
        space, notes = learn_linear(_of_all(problems), work)
    found = [replace(problem, notes=(*problem.notes, *notes)) for problem in problems]
    if space is None:
        return found, None
    return [with_space(problem, space, progress=work.progress) for problem in found], space


def _of_all(problems: Sequence[Problem]) -> Problem:
    """Return the problem whose training rows have any of the targets, and the others none."""
    train = np.unique(np.concatenate([problem.splits.train for problem in problems]))
    without = reduce(np.intersect1d, [problem.unlabelled for problem in problems])
    first = problems[0]
    return replace(first, splits=replace(first.splits, train=train), unlabelled=without)


def _is_generated(problem: Problem) -> bool:
    return isinstance(problem.goal, GeneratedTarget)
