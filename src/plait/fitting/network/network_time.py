"""What the network of a fit needs of its time, and what must be kept for all that follows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.candidates.refit import refit_seconds
from plait.fitting.choice.held_out import calibration_seconds
from plait.fitting.choice.subsets import LEAST_ROWS, subsets_of
from plait.fitting.setup.deep_plan import DeepPlan, Form, learn_rows
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.timetable import Timetable
from plait.model.judges import OutputJudge
from plait.model.scores import scoring_seconds

LEAST_STEPS = 40
"""A network of fewer steps knows nothing."""

GOOD_STEPS = 300
"""So many steps of a network are worth more than a further network to judge by."""

GOOD_FOLD_STEPS = 150
"""Of networks whose mean ships so many each are enough: it is worth what steps they lack."""

ENOUGH_PASSES = 8.0
"""A network that can see every row so often needs that time before simple models get more."""

SPARED_SHARE = 0.3
"""Most of the time left that simple models get once more where the network has enough."""

REFIT_SHARE = 0.15
"""Most of a budget that is kept for fitting what ships once more."""

SCORING_SECONDS = 2.0
"""Scoring takes about so long beside the answers of a network that stands alone."""

CALIBRATION_SHARES = (0.05, 0.1)
"""Least and most of a budget that is kept for calibrating what ships, set by set of columns."""


class Trainings(NamedTuple):
    """What a form is made of.

    Attributes:
        num_runs: Trainings one after the other, in sizes of one.
        num_answered: Rows that networks answer meanwhile, one after the other.
        num_shipped: Networks whose mean ships.
    """

    num_runs: float
    num_answered: float
    num_shipped: int = 1


class Kept(NamedTuple):
    """Seconds that are kept for what follows the network."""

    choosing: float
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
        steps_per_pass: Steps in which a network sees all of its rows once.
    """

    answering: float
    step: float
    forms: Mapping[Form, Trainings]
    judged: int
    steps_per_pass: float = 0.0

    @classmethod
    def of(cls, problem: Problem, plan: DeepPlan, left: float) -> NetworkTime:
        """Foresee it from a few answers of the very network, and a few steps where these are cheap.

        Args:
            problem: What to learn.
            plan: Of the network.
            left: Seconds: looking takes a small part of them.
        """
        from plait.fitting.network.network_pilot import look
        from plait.fitting.network.side_by_side import num_at_once

        rows = learn_rows(problem) if plan.folds is not None else problem.learned
        answering, step = look(problem, plan, rows, left)
        if plan.folds is None:
            judged = len(problem.validation) + len(problem.stopping)
            forms = {Form.SPLIT: Trainings(1.0, judged)}
        else:
            num_judged, num_folds = int((plan.folds == 0).sum()), int(plan.folds.max()) + 1
            num = num_at_once(num_folds, plan.device)
            forms = {
                Form.FOLDS: Trainings(-(-num_folds // num), len(rows) / num, num_folds),
                Form.SPLIT: Trainings(1.0, num_judged),
            }
        steps_per_pass = len(rows) / max(plan.train.rows_per_step(len(rows)), 1)
        return cls(answering, step, forms, len(problem.judged), steps_per_pass)

    def seconds(self, form: Form, num_steps: int) -> float:
        """Return about how long a form takes, with so many steps of each network."""
        parts = self.forms[form]
        answered = self.answering * (parts.num_answered + parts.num_shipped * self.judged)
        return parts.num_runs * num_steps * self.step + answered

    def answering_in_the_end(self, form: Form | None) -> float:
        """Return the seconds in which what ships answers the rows that judge it."""
        num = 1 if form is None else self.forms[form].num_shipped
        return self.answering * num * self.judged

    def passes(self, seconds: float, plan: DeepPlan, num_rows: int) -> float:
        """Return how often one network would see each of its rows in so many seconds."""
        batch = plan.train.rows_per_step(num_rows)
        return seconds / max(self.step, 1e-9) * batch / max(num_rows, 1)

    @property
    def least(self) -> float:
        """Seconds in which anything is learned, in the quickest form."""
        return min(self.seconds(form, LEAST_STEPS) for form in self.forms)

    @property
    def good(self) -> float:
        """Seconds in which enough is learned, in the quickest form."""
        return min(self.seconds(form, self._good_steps(form)) for form in self.forms)

    def form(self, seconds: float) -> Form | None:
        """Return the most thorough form that learns enough in time; else the quickest, or None."""
        for form in self.forms:
            if self.seconds(form, self._good_steps(form)) <= seconds:
                return form
        quickest = min(self.forms, key=lambda form: self.seconds(form, LEAST_STEPS))
        return quickest if self.least <= seconds else None

    def spared(self, seconds: float) -> float:
        """Return what simple models may have of the seconds before the network has its own.

        All, where it would learn little anyway; else a part, and none that it needs: enough steps,
        and as many as see each row often.
        """
        if seconds <= self.good:
            return seconds
        often = round(ENOUGH_PASSES * self.steps_per_pass)
        needed = min(self.seconds(form, max(self._good_steps(form), often)) for form in self.forms)
        return min(max(seconds - needed, 0.0), SPARED_SHARE * seconds)

    def _good_steps(self, form: Form) -> int:
        return GOOD_FOLD_STEPS if form is Form.FOLDS else GOOD_STEPS


def kept_beside(kept: Kept, foreseen: NetworkTime | None, num_sets: int) -> Kept:
    """Return what is kept where no simple model told how long scoring takes, but the network does.

    Args:
        kept: As it is without knowing.
        foreseen: Of the network; None where time is free.
        num_sets: Sets of columns that are scored.
    """
    if foreseen is None:
        return kept
    networks = max(parts.num_shipped for parts in foreseen.forms.values())
    answered = foreseen.answering * networks * foreseen.judged
    return kept._replace(scoring=min(kept.scoring, SCORING_SECONDS + (2 + num_sets) * answered))


def after_network(
    problem: Problem,
    base_models: BaseModels,
    timetable: Timetable,
    choosing: float,
    *,
    has_folds: bool,
    answering: float = 0.0,
) -> Kept:
    """Return the seconds to keep for choosing, for calibrating, for scoring, and for a last fit.

    They are foreseen from what the simple models took, and from the seconds of a network's answer
    to a row, where one is known; and are no more than their part of the budget.
    What is best is fitted again only where it was complete: it would be cut off again. Where
    any lacks time, sets of columns are scored on few rows: what ships is worth more than these.
    """
    if timetable.seconds is None or not base_models.outputs:
        least = CALIBRATION_SHARES[0] * (timetable.seconds or 0.0)
        return Kept(choosing, least, timetable.scoring(np.inf) / 2, 0.0)
    codec, rows = problem.target_codec, len(problem.judged)
    outputs = next(iter(base_models.outputs.values()))
    truth = problem.truth[base_models.judged]
    scored = scoring_seconds(OutputJudge(codec), outputs, truth) * rows / max(len(truth), 1)
    costs = {
        name: float(codec.cost(one, truth).mean()) for name, one in base_models.outputs.items()
    }
    best = min(costs, key=lambda name: costs[name])
    lacking = bool(base_models.cut_short or base_models.left_out)
    in_sets = len(subsets_of(problem.inputs)) * (min(rows, LEAST_ROWS) if lacking else rows)
    answers = rows * sum(base_models.answering.values()) + in_sets * base_models.answering[best]
    calls = 2 + len(costs) + in_sets / max(rows, 1)
    scoring = answers + 2 * rows * base_models.seconds_per_row + calls * scored
    whole = not has_folds and best not in base_models.cut_short
    again = 0.0 if not whole else refit_seconds(base_models, [best], len(problem.splits.validation))
    asked = calibration_seconds(
        problem, 2 * base_models.answering[best] + base_models.seconds_per_row + answering
    )
    least, most = (share * timetable.seconds for share in CALIBRATION_SHARES)
    return Kept(
        choosing=choosing,
        calibrating=float(np.clip(asked, least, most)),
        scoring=timetable.scoring(scoring),
        refitting=min(again, REFIT_SHARE * timetable.seconds),
    )
