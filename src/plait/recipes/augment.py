"""Augment: rows that a model made of training rows are learned from where that is a gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.data.made_rows import SPLIT, with_made
from plait.data.table import Table
from plait.display import number_text
from plait.errors import SchemaError, TableError, TargetError
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.problem import Problem, make_problem
from plait.fitting.setup.timetable import Timetable
from plait.modalities import PredictiveTarget
from plait.progress import SILENT, Progress
from plait.recipes.row_makers import Fit, Made, RowsMaker, rows_maker
from plait.sampling_error import standard_error
from plait.train.budget import Budget

NUM_FOLDS, WIDE = 3, 1.96
"""Folds of the rows that are not the test, and standard errors on each side of a gain."""

AS_MANY = 1.0
"""So many rows are made for each that is learned from."""

GENERATOR_SHARE, JUDGE_SHARE = 0.1, 0.03
"""Of the budget that each generator may take, and each fit of simple models that judges."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What made rows are worth, on rows that neither generator nor learner saw.

    Attributes:
        rows, made: Rows held out, and made rows of all folds.
        gain: How much less a held-out row costs, in the mean.
        interval: Of that, 95 %: of the rows held out; not of what else might have been made.
        headline: Name of the target's first metric.
        before, after: Its mean over folds, without and with made rows.
    """

    rows: int
    made: int
    gain: float
    interval: tuple[float, float]
    headline: str
    before: float
    after: float

    @property
    def shown(self) -> bool:
        """Whether the whole interval is a gain."""
        return self.interval[0] > 0

    def told(self) -> dict[str, Any]:
        """Return it for the records."""
        return {**vars(self), "interval": list(self.interval), "shown": self.shown}

    def note(self, num: int) -> str:
        """Say what was done and why.

        Args:
            num: Made rows that are learned from; 0 for none.
        """
        ends = " to ".join(number_text(one) for one in self.interval)
        scores = f"{self.headline} {number_text(self.before)} without, {number_text(self.after)} "
        what = (
            f"on {self.rows:,} rows held out in {NUM_FOLDS} folds, simple models that learned from "
            f"made rows too cost {number_text(self.gain)} less a row ({ends}; {scores}with)"
        )
        if num:
            return f"{num:,} rows that a model made are learned from too: {what}"
        return f"no made rows are learned from: {what}, which is no clear gain"


@dataclass(frozen=True, kw_only=True)
class Augmented:
    """A table as it is to be learned from.

    Attributes:
        table, asked: With made rows behind it and the parts of all rows, or as they were.
        notes: What a person should know.
        told: Records of it, ``augmentation``; empty where nothing was asked for.
    """

    table: Table
    asked: FitConfig
    notes: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)

    def noted(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return problems of the table with what a person should know."""
        return [replace(one, notes=(*one.notes, *self.notes)) for one in problems]


def augmented(
    table: Table, asked: FitConfig, fit: Fit, timetable: Timetable, progress: Progress
) -> Augmented:
    """Return a table with made rows, where these were asked for and held-out rows gain by them.

    A generator learns from the training rows of each fold, and from nothing else; what it makes is
    learned from beside them, and both ways are judged on the fold's own rows. What is learned from
    in the end was made by a generator of the training rows alone; validation and test rows stay
    apart from it, and nothing is cross-fitted.

    Args:
        table, asked: The fit's.
        fit: Learns generators, and the simple models that judge.
        timetable: Of the fit.
        progress: Told of the work.

    Raises:
        UsageError: Rows of this table cannot be made.
        TargetError: The target is not predicted.
    """
    if asked.choice.augment is None:
        return Augmented(table=table, asked=asked)
    with timetable.part("augmentation"):
        problem = make_problem(
            table, target=asked.target, exclude=asked.exclude, rows=asked.rows, seed=asked.seed,
            progress=SILENT, simple=True,
        )  # fmt: skip
        if not isinstance(problem.goal, PredictiveTarget):
            raise TargetError(
                "made rows are learned from where the target is predicted",
                expected="a target of categories or numbers",
                received=f"a {problem.goal.modality}",
            )
        maker = rows_maker(problem, asked, fit)
        try:
            gain = _gain(problem, asked, maker, fit, progress)
            if not gain.shown:
                told = {"augmentation": gain.told()}
                return Augmented(table=table, asked=asked, notes=(gain.note(0),), told=told)
            made = _made(problem.splits.train, asked, maker)
        except (TargetError, TableError, SchemaError) as error:
            why = f"no made rows are learned from: {error.what}"
            told = {"augmentation": {"why": error.what}}
            return Augmented(table=table, asked=asked, notes=(why,), told=told)
    num = _num(made)
    rows = replace(asked.rows, split=SPLIT, time=None)
    return Augmented(
        table=with_made(problem.table, _with_groups(made, asked), _parts(problem)),
        asked=replace(asked, rows=rows),
        notes=(gain.note(num),),
        told={"augmentation": {**gain.told(), "learned_from": num}},
    )


def _gain(
    problem: Problem, asked: FitConfig, maker: RowsMaker, fit: Fit, progress: Progress
) -> Gain:
    """Measure what made rows are worth to simple models."""
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    groups, truth = problem.groups[rows], problem.truth[rows]
    folds = fold_numbers(groups, truth, NUM_FOLDS, asked.seed)
    num = int(folds.max()) + 1
    update = progress.task("augmentation", 3 * num)
    gaps, scores = np.zeros(len(rows)), np.zeros((num, 2))
    made_rows, headline = 0, ""
    for fold in range(num):
        own, others = folds == fold, rows[folds != fold]
        made = _made(others, asked, maker)
        update(3 * fold + 1)
        made_rows += _num(made)
        costs = []
        for place, more in enumerate(({}, made)):
            cost, metrics = _judged(problem, asked, fit, others, rows[own], more)
            headline, scores[fold, place] = next(iter(metrics.items()))
            costs.append(cost)
            update(3 * fold + 2 + place)
        gaps[own] = costs[0] - costs[1]
    mean, error = float(gaps.mean()), WIDE * standard_error(gaps, groups)
    before, after = np.average(scores, axis=0, weights=np.bincount(folds))
    return Gain(
        rows=len(rows), made=made_rows, gain=mean, interval=(mean - error, mean + error),
        headline=headline, before=float(before), after=float(after),
    )  # fmt: skip


def _judged(
    problem: Problem, asked: FitConfig, fit: Fit, learned: np.ndarray, held: np.ndarray, made: Made
) -> tuple[np.ndarray, dict[str, float]]:
    """Return what each held-out row costs, float64 ``[row]``, and metrics, of simple models that
    learned from some rows and from made ones."""
    aside = fold_numbers(problem.groups[learned], problem.truth[learned], 7, asked.seed) == 0
    parts = ["validation" if one else "train" for one in aside] + ["test"] * len(held)
    table = problem.table.take(np.concatenate([learned, held]))
    model = fit(
        with_made(table, _with_groups(made, asked), parts),
        target=problem.target, simple=True, baselines=asked.choice.baselines or True,
        scores=False, samples=False, split=SPLIT, group=asked.rows.group,
        weights=asked.rows.weights, exclude=asked.exclude, encoders=asked.start.encoders,
        budget=_share(asked.budget, JUDGE_SHARE), seed=asked.seed, progress=False,
    )  # fmt: skip
    prepared = model.prepare(model.as_table(problem.table.take(held)), target=True, keep=False)
    outputs = model.outputs(prepared)
    truth = model.truth(prepared, np.arange(len(held)))
    codec: Any = model.target_codec
    return codec.cost(outputs, truth), codec.metrics(outputs, truth)


def _parts(problem: Problem) -> list[str]:
    """Return where each row of the table belongs: rows with a target that the split left out stay
    out, those without one are learned from as they are."""
    parts = np.where(problem.labelled, "out", "train").astype(object)
    parts[problem.splits.train] = "train"
    parts[problem.splits.validation] = "validation"
    parts[problem.splits.test] = "test"
    return list(parts)


def _made(rows: np.ndarray, asked: FitConfig, maker: RowsMaker) -> Made:
    """Return rows made by a generator of some rows."""
    return maker(rows, round(AS_MANY * len(rows)), _share(asked.budget, GENERATOR_SHARE))


def _num(made: Made) -> int:
    return len(next(iter(made.values()))) if made else 0


def _with_groups(made: Made, asked: FitConfig) -> Made:
    """Return made rows each of a group of its own, where rows have groups."""
    if asked.rows.group is None or not made:
        return made
    return {**made, asked.rows.group: [f"made {row}" for row in range(_num(made))]}


def _share(budget: Budget, share: float) -> Budget:
    """Return what a part may take: of time a share; steps and epochs are of each training."""
    return budget.share(share) if budget.timed else budget
