"""Measures a simple model: fits it, by folds where rows are few, and asks it about others."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from plait.baselines.base_models import (
    BaseModel,
    Boosted,
    LabelPropagation,
    Linear,
    Probe,
    ProductOfExperts,
    TableTrees,
)
from plait.baselines.contract import Deadline, was_cut
from plait.baselines.costs import (
    NUM_ROUNDS,
    NUM_STEPS,
    Size,
    foreseen_seconds,
    is_closed,
    is_svm,
    multiply_seconds,
)
from plait.baselines.extract import Plan
from plait.baselines.features import FeatureMap, FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.landmarks import USEFUL_LANDMARKS, landmark_seconds
from plait.baselines.pilots import round_seconds, step_seconds
from plait.fitting.candidates.base_model_rows import some_unlabelled
from plait.fitting.candidates.candidates import Kind
from plait.fitting.candidates.reduced_model_judges import Judges
from plait.fitting.candidates.schedule import CHEAP_SECONDS, MOMENT_SECONDS
from plait.fitting.setup.labelled import with_labels
from plait.fitting.setup.problem import Problem

MOST_SLOWER = 5.0
"""Other work on this machine is taken to slow a fit down by no more than this."""

LEAST_WORKED = 0.2
"""Less work than so many seconds of the processor does not tell how much it is slowed down."""

LEAST_UNLABELLED = 10
"""From so many rows without a target on, targets are propagated to them."""

LOOKING_SHARE = 0.05
"""Of the time, a piece of work that tells how long all of it takes may take this."""

HOPELESS = 1.0
"""Where the first fold foretells that all take longer than the time by this share, it ends."""


@dataclass(frozen=True)
class Measured:
    """A base model of all rows, honest outputs, who gave them for which rows, and what it took.

    Attributes:
        answering: Seconds that it takes to answer a row.
        cut_short: Whether it, or one of those of the folds, lacks work for want of time.
    """

    base_model: BaseModel
    outputs: np.ndarray
    parts: list[tuple[BaseModel, np.ndarray]]
    seconds: float
    answering: float
    cut_short: bool


class BaseModelBench:
    """Measures base models on the same rows.

    Args:
        features: Makes the features.
        rows: To learn from.
        held: Validation rows, or None with folds.
        folds: Fold number of each row, or None.
        seed: Of the base models.
    """

    def __init__(
        self,
        features: FeatureMap,
        rows: LabelledRows,
        held: LabelledRows | None,
        folds: np.ndarray | None,
        seed: int,
    ) -> None:
        self.features, self.rows = features, rows
        self._held, self._folds, self._seed = held, folds, seed
        self._num_folds = 0 if folds is None else int(folds.max()) + 1
        self._size: Size | None = None
        self.slower = 1.0
        """Seconds over seconds of this process: other work slows this down so much."""

    @property
    def judging(self) -> LabelledRows:
        """What is said is said of these: the validation rows, or in folds the rows themselves."""
        return self.rows if self._held is None else self._held

    @property
    def work(self) -> float:
        """How many times the work of one fit, left alone, it is to measure a base model."""
        return self.runs * min(max(self.slower, 1.0), MOST_SLOWER)

    @property
    def runs(self) -> float:
        """How many fits to all rows it takes to measure a base model."""
        return 1.0 + max(self._num_folds - 1, 0)

    @property
    def known_matrices(self) -> list[FeatureMatrices]:
        """Feature matrices of the rows that have them: learned from, and that judged."""
        return [self.rows.matrices, *([] if self._held is None else [self._held.matrices])]

    def notice(self, seconds: float, worked: float) -> None:
        """Learn how much other work slows this down: from seconds, and those of the processor."""
        if worked >= LEAST_WORKED:
            self.slower = seconds / worked

    def judges(self, stages: Mapping[str, list[tuple[BaseModel, np.ndarray]]]) -> Judges:
        """Return what judges reduced models.

        Args:
            stages: Name -> base models, each with the places of rows that it did not learn from.
        """
        return Judges(self.judging, stages, learned=self._held is None)

    def cost(self, one: Measured) -> float:
        """Return the mean cost of what was measured, on the rows that judge it."""
        return self.judging.mean_cost(one.outputs)

    def size(self) -> Size:
        """Return what the time of a fit depends on."""
        if self._size is None:
            self._size = Size.of(self.rows, len(self.judging), multiply_seconds())
        return self._size

    def foreseen(self, names: Sequence[str], end: float | None) -> dict[str, float]:
        """Return name -> seconds that it takes to measure each.

        With an end, what decides whether one can be measured is a piece of its real work: a round
        of trees, a step of a linear model, where looking at these takes a small part of the time.
        A linear model that would come too late is learned by landmarks, which takes less.
        """
        size = self.size()
        if end is not None:
            size = self._looked_at(names, size, LOOKING_SHARE * (end - time.monotonic()))
            self._size = size
        found = {name: self.work * foreseen_seconds(name, size) for name in names}
        if end is not None and Linear.name in found and is_svm(size):
            some = self.work * landmark_seconds(size, USEFUL_LANDMARKS)
            found[Linear.name] = min(found[Linear.name], some)
        return found

    def _looked_at(self, names: Sequence[str], size: Size, most: float) -> Size:
        """Return the size with measured seconds of those that are foreseen to take long."""
        long = {n for n in names if self.work * foreseen_seconds(n, size) > MOMENT_SECONDS}
        rounds = foreseen_seconds(Boosted.name, size) / NUM_ROUNDS
        if long & {Boosted.name, TableTrees.name} and self.slower * 3 * rounds < most:
            size = replace(size, per_round=round_seconds(self.rows, self._seed))
        step = foreseen_seconds(Linear.name, size) / NUM_STEPS
        descent = not is_closed(size) and not is_svm(size)
        if (
            long & {Linear.name, ProductOfExperts.name, Probe.name}
            and descent
            and self.slower * step < most
        ):
            size = replace(size, per_step=step_seconds(self.rows))
        return size

    def measure(self, kind: Kind, deadline: float | None) -> Measured | float:
        """Fit and ask a base model; or tell the seconds it would take, where far too many."""
        began = time.monotonic()
        parts: list[tuple[BaseModel, np.ndarray]] = []
        answers: list[np.ndarray] = []
        answering, cut = 0.0, False
        for fold in range(self._num_folds):
            part = self._until(began, deadline, (fold + 1) / (self._num_folds + 1))
            kept, judged = np.flatnonzero(self._folds != fold), np.flatnonzero(self._folds == fold)
            base_model, late = self._fit(kind, kept, part)
            asked = time.monotonic()
            answers.append(base_model.outputs(self.rows.matrices.take(judged)))
            answering += time.monotonic() - asked
            parts.append((base_model, judged))
            cut |= late
            needed = (time.monotonic() - began) * (self._num_folds + 1)
            if not fold and _is_hopeless(began, needed, deadline):
                return needed
        base_model, late = self._fit(kind, np.arange(len(self.rows)), deadline)
        if self._held is not None:
            asked = time.monotonic()
            answers = [base_model.outputs(self._held.matrices)]
            answering = time.monotonic() - asked
            parts = [(base_model, np.arange(len(self._held)))]
        if not answers:
            raise ValueError("neither folds nor validation rows")
        num = sum(len(judged) for _, judged in parts)
        outputs = np.zeros((num, answers[0].shape[1]), np.float32)
        for (_, judged), found in zip(parts, answers, strict=True):
            outputs[judged] = found
        seconds = time.monotonic() - began
        return Measured(base_model, outputs, parts, seconds, answering / max(num, 1), cut or late)

    def _fit(
        self, kind: Kind, places: np.ndarray, deadline: float | None
    ) -> tuple[BaseModel, bool]:
        base_model, until = kind(), None if deadline is None else Deadline(deadline)
        rows = self.rows if len(places) == len(self.rows) else self.rows.take(places)
        base_model.fit(rows, seed=self._seed, deadline=until)
        return base_model, was_cut(base_model, until)

    @staticmethod
    def _until(began: float, deadline: float | None, share: float) -> float | None:
        return None if deadline is None else began + (deadline - began) * share


def open_bench(
    problem: Problem,
    rows: np.ndarray,
    folds: np.ndarray | None,
    seed: int,
    plans: Mapping[str, Plan] | None = None,
) -> tuple[BaseModelBench, dict[str, Kind]]:
    """Make the features of some rows to learn from, and of those that judge.

    Those of columns in `plans` are the ones that a model learned before.

    Return a bench of them, and the models that learn from rows without a target too.
    """
    others = some_unlabelled(problem, seed)
    seen = np.concatenate([rows, others])
    features, every = FeatureMap.fit(problem.prepared, problem.columns, seen, plans)
    learned = with_labels(problem, every.take(np.arange(len(rows))))
    kinds: dict[str, Kind] = {}
    if problem.target_codec.form.exclusive and len(problem.unlabelled) >= LEAST_UNLABELLED:
        kinds[LabelPropagation.name] = partial(
            LabelPropagation, every.take(np.arange(len(rows), len(every)))
        )
    held = None
    if folds is None:
        held = with_labels(problem, features.matrices(problem.prepared, problem.validation))
    return BaseModelBench(features, learned, held, folds, seed), kinds


def _is_hopeless(began: float, needed: float, deadline: float | None) -> bool:
    if deadline is None:
        return False
    return needed > (1 + HOPELESS) * max(deadline - began, CHEAP_SECONDS)
