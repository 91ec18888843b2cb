"""Plans the network of several targets: its sizes, its time, which rows teach and which judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plait.baselines.cross_validation import fold_numbers, inner_folds
from plait.fitting.network.network_time import NetworkTime
from plait.fitting.network.stage import LEAST_PASSES
from plait.fitting.setup.cross_fitting import CROSS_FIT_ROWS, NUM_FOLDS
from plait.fitting.setup.deep_plan import LEAST_SECONDS, DeepPlan, Form, learn_rows, settled
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.stopping import LEAST_ROWS, MOST_ROWS, STOPPING_SHARE
from plait.fitting.setup.telling import Told, tell
from plait.fitting.setup.work import Work
from plait.modalities import PredictiveTarget
from plait.networks.config import choose_size, lean
from plait.train.budget import Budget

MID = "several targets on one trunk: kinds of fusion were not compared, mid fusion was taken"
FULL = "several targets on one trunk: ways to adapt the base were not compared, full was taken"


@dataclass(frozen=True)
class Stage:
    """A training of the network: row numbers that teach, that tell when to stop, that judge.

    Attributes:
        name: For the progress bar.
        learned, stop, held: Row numbers; each target takes those that have it (`rows_of`).
        seed: Of weights and order.
        folder: Where checkpoints go; None writes none.
    """

    name: str
    learned: np.ndarray
    stop: np.ndarray
    held: np.ndarray
    seed: int
    folder: Path | None


@dataclass(frozen=True)
class JointPlan:
    """How the network is trained.

    Attributes:
        plan: Sizes and time; what is told is with the targets.
        stages: One, or one for each fold of the rows, whose mean ships.
        told: Of each target, what tells its head what simple models know; None where nothing does.
        notes: What a person should know.
    """

    plan: DeepPlan
    stages: Sequence[Stage]
    told: Sequence[Told | None]
    notes: tuple[str, ...]


def plan_joint(problems: Sequence[Problem], work: Work, seconds: float | None) -> JointPlan:
    """Plan the network of several targets; arguments as of `plait.fitting.network.joint`."""
    plan = _plan(problems, work, seconds)
    folds = _folds(problems, work.seed)
    plan, form = _in_time(problems, work, plan, folds, seconds)
    folds = folds if form is Form.FOLDS else None
    told = [_told(problem, seconds, work.seed, 1 if folds is None else NUM_FOLDS)
            for problem in problems]  # fmt: skip
    stages = [_once(problems, work)] if folds is None else _by_fold(problems, work, folds)
    return JointPlan(plan, stages, told, _notes(problems, plan, work))


def rows_of(problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Return those of the rows to learn from, or to choose by, which have a problem's target."""
    return np.intersect1d(rows, learn_rows(problem))


def _told(problem: Problem, seconds: float | None, seed: int, num_fits: int) -> Told | None:
    if not isinstance(problem.goal, PredictiveTarget):
        return None
    return tell(problem, seconds=seconds, seed=seed, num_fits=num_fits)


def _plan(problems: Sequence[Problem], work: Work, seconds: float | None) -> DeepPlan:
    """Return sizes and settings, as for one target."""
    first, num_rows = problems[0], len(_union([one.splits.train for one in problems]))
    modalities = [first.codecs[name].modality for name in first.columns]
    space = None if work.base is None else work.base.space
    start = space if space is not None and space.has_network else None
    scratch = start is None or work.adapt == "scratch"
    train, budget, end = work.train, work.budget, None
    if seconds is not None:
        budget = Budget(max(seconds, LEAST_SECONDS), "seconds")
        train = train.within(work.budget.amount, num_rows)
        end = work.timetable.clock() + budget.amount
    plan = DeepPlan(
        config=choose_size(work.size, num_rows, modalities) if start is None else start.config,
        fusion=work.fusion if len(first.columns) > 1 else 0,
        train=train,
        budget=budget,
        folds=None,
        seed=work.seed,
        device=work.device,
        folder=work.folder,
        start=start,
        adapt="scratch" if scratch else "full" if work.adapt == "auto" else work.adapt,
        end=end,
    )
    return plan if start is not None else settled(plan)


def _in_time(
    problems: Sequence[Problem],
    work: Work,
    plan: DeepPlan,
    folds: np.ndarray | None,
    seconds: float | None,
) -> tuple[DeepPlan, Form]:
    """Return the plan, smaller where rows would be seen too seldom, and the form it has time for.

    A step passes the trunk once for each target: it takes at most as often as long as that of one.
    """
    form = Form.SPLIT if folds is None else Form.FOLDS
    predicted = [one for one in problems if isinstance(one.goal, PredictiveTarget)]
    if seconds is None or not predicted:
        return plan, form
    first = predicted[0]
    num_rows, num = len(_union([one.splits.train for one in problems])), len(problems)
    looked = replace(plan, folds=folds)
    foreseen = NetworkTime.of(first, looked, seconds)
    may_shrink = work.size == "auto" and plan.start is None
    if may_shrink and foreseen.passes(seconds / num, plan, num_rows) < LEAST_PASSES:
        modalities = [first.codecs[name].modality for name in first.columns]
        plan = settled(replace(plan, config=lean(modalities)))
        foreseen = NetworkTime.of(first, replace(looked, config=plan.config), seconds)
    slower = replace(foreseen, step=num * foreseen.step, answering=num * foreseen.answering)
    form = slower.form(seconds) or Form.SPLIT
    return replace(plan, answering=foreseen.answering), form


def _folds(problems: Sequence[Problem], seed: int) -> np.ndarray | None:
    """Return a fold of each row that has any target where they are few, and all are predicted.

    None where the rows of a target would all lie in one: nothing could be learned of it there.
    """
    rows = _union([learn_rows(problem) for problem in problems])
    first = problems[0]
    generated = any(not isinstance(one.goal, PredictiveTarget) for one in problems)
    few_groups = len(np.unique(first.groups[rows])) < 2
    if generated or len(rows) > CROSS_FIT_ROWS or few_groups:
        return None
    folds = fold_numbers(first.groups[rows], first.truth[rows], NUM_FOLDS, seed)
    of_each = [folds[np.isin(rows, learn_rows(problem))] for problem in problems]
    return folds if all(len(np.unique(one)) > 1 for one in of_each) else None


def _by_fold(problems: Sequence[Problem], work: Work, folds: np.ndarray) -> list[Stage]:
    rows = _union([learn_rows(problem) for problem in problems])
    num = int(folds.max()) + 1
    return [
        Stage(
            name=f"fold {fold + 1} of {num}",
            learned=rows[folds != fold],
            stop=rows[:0],
            held=rows[folds == fold],
            seed=work.seed + fold,
            folder=work.folder and work.folder / f"fold-{fold + 1}",
        )
        for fold in range(num)
    ]


def _once(problems: Sequence[Problem], work: Work) -> Stage:
    """Return the training on training rows: some of them, whole groups, tell when to stop."""
    rows, groups = _union([one.splits.train for one in problems]), problems[0].groups
    learned, stop = rows, rows[:0]
    share = min(STOPPING_SHARE, MOST_ROWS / max(len(rows), 1))
    if share * len(rows) >= LEAST_ROWS:
        alike = np.zeros(len(rows), np.int64)
        known, held = inner_folds(alike, seed=work.seed, groups=groups[rows], small=0, share=share)[
            0
        ]
        if len(known):
            learned, stop = rows[np.sort(known)], rows[np.sort(held)]
    validation = _union([problem.validation for problem in problems])
    return Stage("training", learned, stop, validation, work.seed, work.folder)


def _union(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate(list(rows)))


def _notes(problems: Sequence[Problem], plan: DeepPlan, work: Work) -> tuple[str, ...]:
    names = ", ".join(f"'{problem.target}'" for problem in problems)
    said = [f"one network was trained for {names}: one encoder and trunk, a head for each"]
    if plan.start is None and work.fusion == "auto" and len(problems[0].columns) > 1:
        said.append(MID)
    if plan.adapt != "scratch" and work.adapt == "auto":
        said.append(FULL)
    return tuple(said)
