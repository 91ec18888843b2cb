"""What the network of a fit needs of its time, and what must be kept for all that follows it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plait.model.infer import system_outputs
from plait.model.system import System
from plait.recipes.deep import REFIT_SIZE
from plait.recipes.deep_plan import DeepPlan, Form, learn_rows, make_system, settled, train_data
from plait.recipes.held_out import calibration_seconds
from plait.recipes.refit import refit_seconds
from plait.recipes.rivals import Rivals
from plait.recipes.subsets import EXTRA_CALLS, FEW_RESAMPLES, subsets_of
from plait.recipes.task import Task
from plait.recipes.timetable import Timetable
from plait.train.budget import Budget
from plait.train.loop import train
from plait.train.supervised import Supervised

PILOT_ROWS, PILOT_STEPS = (2, 4, 16, 64), 3
"""Rows that are answered, and steps that are taken, to see how long that takes."""

PILOT_GROWTH = 4.0
"""Each time so many more rows are answered, or nearly."""

STEP_PASSES = 3.5
"""A training step takes about as long as so many forward passes."""

LOOKING_SHARE = 0.05
"""Of the time left, answers and steps that tell how long others take may each take this."""

LEAST_OF_STEP = 0.25
"""A step takes no less than this part of what it takes with all that begins and ends a training."""

LEAST_STEPS = 40
"""A network of fewer steps knows nothing."""

SCORING_SHARE = 0.06
"""Least part of a budget that is kept for scoring, whatever is foreseen."""

GOOD_STEPS = 300
"""So many steps of each network are worth more than a further network to judge by."""

SPARED_SHARE = 0.3
"""Most of the time left that simple models get once more where the network has enough."""

REFIT_SHARE = 0.15
"""Most of a budget that is kept for fitting what ships once more."""

CALIBRATION_SHARES = (0.03, 0.1)
"""Least and most of a budget that is kept for calibrating what ships, set by set of columns."""


class Trainings(NamedTuple):
    """What a form is made of: networks, in sizes of one, and rows that they answer."""

    num_runs: float
    num_answered: int


class Kept(NamedTuple):
    """Seconds that are kept for what follows the network."""

    calibrating: float
    scoring: float
    refitting: float


@dataclass(frozen=True)
class NetworkTime:
    """What a network needs of a time, in each form in which it can be trained.

    Attributes:
        answering: Seconds to answer one row.
        step: Seconds of a training step.
        forms: Form -> what it is made of, the most thorough form first.
        judged: Rows that are answered in the end.
    """

    answering: float
    step: float
    forms: Mapping[Form, Trainings]
    judged: int

    @classmethod
    def of(cls, task: Task, plan: DeepPlan, left: float) -> NetworkTime:
        """Foresee it from a few answers of the very network, and a few steps where these are cheap.

        Args:
            task: What to learn.
            plan: Of the network.
            left: Seconds: looking takes a small part of them.
        """
        plan = settled(plan)
        rows = learn_rows(task) if plan.folds is not None else task.learned
        system = make_system(task, plan).to(plan.device)
        answering = answer_seconds(task, plan, system, rows, LOOKING_SHARE * left)
        step = STEP_PASSES * answering * plan.train.rows_per_step(len(rows))
        if (2 + PILOT_STEPS) * step < LOOKING_SHARE * left:
            step = step_seconds(task, plan, system, rows)
        if plan.folds is None:
            forms = {Form.SPLIT: Trainings(1.0, len(task.validation) + len(task.stopping))}
        else:
            num_judged = int((plan.folds == 0).sum())
            forms = {
                Form.FOLDS: Trainings(int(plan.folds.max()) + 1 + REFIT_SIZE, len(rows)),
                Form.SPLIT_AND_REFIT: Trainings(1 + REFIT_SIZE, num_judged),
                Form.SPLIT: Trainings(1.0, num_judged),
            }
        return cls(answering, step, forms, len(task.judged))

    def seconds(self, form: Form, num_steps: int) -> float:
        """Return about how long a form takes, with so many steps of each network."""
        parts = self.forms[form]
        answered = self.answering * (parts.num_answered + self.judged)
        return parts.num_runs * num_steps * self.step + answered

    @property
    def least(self) -> float:
        """Seconds in which anything is learned, in the quickest form."""
        return min(self.seconds(form, LEAST_STEPS) for form in self.forms)

    @property
    def good(self) -> float:
        """Seconds in which enough is learned, in the quickest form."""
        return min(self.seconds(form, GOOD_STEPS) for form in self.forms)

    def form(self, seconds: float) -> Form | None:
        """Return the most thorough form that learns enough in time; else the quickest, or None."""
        for form in self.forms:
            if self.seconds(form, GOOD_STEPS) <= seconds:
                return form
        quickest = min(self.forms, key=lambda form: self.seconds(form, LEAST_STEPS))
        return quickest if self.least <= seconds else None

    def spared(self, seconds: float) -> float:
        """Return what simple models may have of the seconds before the network has its own.

        All, where it would learn little anyway; else a part, and none that it needs.
        """
        if seconds <= self.good:
            return seconds
        return min(seconds - self.good, SPARED_SHARE * seconds)


def step_seconds(task: Task, plan: DeepPlan, system: System, rows: np.ndarray) -> float:
    """Return how long a training step takes, from a few: the first ones, and what begins them,
    apart."""
    objective = Supervised(system, train_data(task, rows, rows[:0]), plan.train)
    taken = []
    for num_steps in (1, 1 + PILOT_STEPS):
        began = time.monotonic()
        train(
            objective,
            budget=Budget(num_steps, "steps"),
            config=plan.train,
            seed=plan.seed,
            device=plan.device,
        )
        taken.append(time.monotonic() - began)
    most = taken[1] / (1 + PILOT_STEPS)
    return float(np.clip((taken[1] - taken[0]) / PILOT_STEPS, LEAST_OF_STEP * most, most))


def answer_seconds(
    task: Task, plan: DeepPlan, system: System, rows: np.ndarray, seconds: float
) -> float:
    """Return about how long the network takes to answer one row, from ever more of them.

    No more are asked once that took so many seconds; the first call does not count.
    """
    per_row = 0.0
    for num in PILOT_ROWS:
        some = rows[np.linspace(0, len(rows) - 1, min(len(rows), num)).astype(np.int64)]
        began = time.monotonic()
        system_outputs(system, task.prepared, some, device=plan.device)
        spent = time.monotonic() - began
        per_row = spent / max(len(some), 1)
        if spent * PILOT_GROWTH > seconds:
            break
    return per_row


def after_network(task: Task, rivals: Rivals, timetable: Timetable, *, has_folds: bool) -> Kept:
    """Return the seconds to keep for calibrating, for scoring, and for a last fit.

    They are foreseen from what the simple models took, and no more than their part of the budget.
    """
    if timetable.seconds is None or not rivals.outputs:
        return Kept(CALIBRATION_SHARES[0] * (timetable.seconds or 0.0), timetable.scoring / 2, 0.0)
    codec, rows = task.target_codec, len(task.judged)
    outputs = next(iter(rivals.outputs.values()))
    truth = task.truth[rivals.judged]
    began = time.monotonic()
    codec.metrics(outputs, truth)
    per_call = (time.monotonic() - began) * rows / max(len(truth), 1)
    costs = {name: float(codec.cost(one, truth).mean()) for name, one in rivals.outputs.items()}
    best = min(costs, key=lambda name: costs[name])
    num_sets = len(subsets_of(task.inputs))
    answers = rows * (sum(rivals.answering.values()) + num_sets * rivals.answering[best])
    intervals = (2 + len(costs) + num_sets) * (FEW_RESAMPLES + EXTRA_CALLS) * per_call
    scoring = answers + intervals + 2 * rows * rivals.seconds_per_row
    again = 0.0 if has_folds else refit_seconds(rivals, [best], len(task.splits.validation))
    scoring = max(scoring, SCORING_SHARE * timetable.seconds)
    asked = calibration_seconds(task, 2 * rivals.answering[best] + rivals.seconds_per_row)
    least, most = (share * timetable.seconds for share in CALIBRATION_SHARES)
    return Kept(
        calibrating=float(np.clip(asked, least, most)),
        scoring=min(scoring, timetable.scoring),
        refitting=min(again, REFIT_SHARE * timetable.seconds),
    )
