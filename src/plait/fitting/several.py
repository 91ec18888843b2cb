"""Fit of several targets: one network for all of them, then each is chosen and judged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plait.fitting.generate import check_generated, learn_generated
from plait.fitting.learn import learn_target
from plait.fitting.setup.problem import Problem, with_space
from plait.fitting.setup.work import Work
from plait.modalities import GeneratedTarget
from plait.model.model import Model

JOINT_SHARES, JOINT_SECONDS = (0.4, 0.6), (30.0, 120.0)
"""What the network of all targets may take of short budgets and of long ones, and what these are;
the rest is shared by the targets."""

Learned = tuple[Model, dict[str, Any]]
"""A model of one target, and its records."""


def learn_several(problems: Sequence[Problem], work: Work) -> list[Learned]:
    """Return the best model of each target, and its records: metrics and samples.

    The network is trained first, together for all. Each target then has its own simple models,
    choice, calibration and scores, as if it were fitted alone, and the network is one of its
    candidates. Encoders are those that were named: all targets read the same columns.

    Args:
        problems: One for each target, over the same rows and inputs.
        work: Settings.

    Raises `UsageError` for settings that a generated target does not know.
    """
    work = replace(work, config=_without_search(work), alone=False)
    if any(_is_generated(problem) for problem in problems):
        check_generated(work)
    if work.base is not None:
        space = work.base.space
        problems = [with_space(one, space, progress=work.progress) for one in problems]
    trained = {} if work.simple else _trained(problems, work)
    learned = []
    for place, problem in enumerate(problems):
        own = replace(
            work,
            config=replace(work.config, target=problem.target),
            timetable=work.timetable.share(1 / (len(problems) - place)),
            trained=trained.get(str(problem.target)),
        )
        learn = learn_generated if _is_generated(problem) else learn_target
        learned.append(learn(problem, own))
    return learned


def _trained(problems: Sequence[Problem], work: Work) -> Any:
    from plait.fitting.network.joint import train_joint

    left = work.timetable.left()
    share = np.interp(work.timetable.seconds or 0.0, JOINT_SECONDS, JOINT_SHARES)
    with work.timetable.part("network"):
        return train_joint(problems, work, None if left is None else float(share) * left)


def _without_search(work: Work) -> Any:
    """Return the settings with no encoder looked for, and none tuned: each is for one target."""
    start = replace(work.config.start, encoders="none", tune="frozen")
    return replace(work.config, start=start)


def _is_generated(problem: Problem) -> bool:
    return isinstance(problem.goal, GeneratedTarget)
