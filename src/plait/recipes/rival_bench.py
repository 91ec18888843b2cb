"""Measures a simple model: fits it, by folds where rows are few, and asks it about others."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from plait.baselines.contract import Deadline, num_outputs, was_cut
from plait.baselines.costs import Size, multiply_seconds
from plait.baselines.experts import Expert
from plait.baselines.features import Views
from plait.recipes.candidates import Kind
from plait.recipes.schedule import CHEAP_SECONDS
from plait.recipes.task import Task

MOST_SLOWER = 5.0
"""Other work on this machine is taken to slow a fit down by no more than this."""

HOPELESS = 1.0
"""Where the first fold foretells that all take longer than the time by this share, it ends."""


@dataclass(frozen=True)
class Measured:
    """An expert of all rows, honest outputs, who gave them for which rows, and what it took.

    Attributes:
        answering: Seconds that it takes to answer a row.
        cut_short: Whether it, or one of those of the folds, lacks work for want of time.
    """

    expert: Expert
    outputs: np.ndarray
    parts: list[tuple[Expert, np.ndarray]]
    seconds: float
    answering: float
    cut_short: bool


class RivalBench:
    """Measures experts on the same rows.

    Args:
        task: What to learn.
        views: Of the rows to learn from.
        rows: Their numbers.
        held: Validation rows, or None with folds.
        folds: Fold number of each row, or None.
        seed: Of the experts.
    """

    def __init__(
        self,
        task: Task,
        views: Views,
        rows: np.ndarray,
        held: Views | None,
        folds: np.ndarray | None,
        seed: int,
    ) -> None:
        self._views, self._held, self._folds, self._seed = views, held, folds, seed
        self._codec, self._truth = task.target_codec, task.truth[rows]
        self._num_folds = 0 if folds is None else int(folds.max()) + 1
        self.slower = 1.0
        """Seconds over seconds of this process: other work slows this down so much."""

    @property
    def work(self) -> float:
        """How many times the work of one fit, left alone, it is to measure an expert."""
        return self.runs * min(max(self.slower, 1.0), MOST_SLOWER)

    @property
    def runs(self) -> float:
        """How many fits to all rows it takes to measure an expert."""
        return 1.0 + max(self._num_folds - 1, 0)

    def size(self) -> Size:
        """Return what the time of a fit depends on."""
        judged = len(self._views) if self._held is None else len(self._held)
        outputs = num_outputs(self._codec, self._truth)
        return Size.of(self._views, self._codec, outputs, judged, multiply_seconds())

    def measure(self, kind: Kind, deadline: float | None) -> Measured | float:
        """Fit and ask an expert; or the seconds that it would take, where they are far too many."""
        began = time.monotonic()
        parts: list[tuple[Expert, np.ndarray]] = []
        answers: list[np.ndarray] = []
        answering, cut = 0.0, False
        for fold in range(self._num_folds):
            part = self._until(began, deadline, (fold + 1) / (self._num_folds + 1))
            kept, judged = np.flatnonzero(self._folds != fold), np.flatnonzero(self._folds == fold)
            expert, late = self._fit(kind, kept, part)
            asked = time.monotonic()
            answers.append(expert.outputs(self._views.take(judged)))
            answering += time.monotonic() - asked
            parts.append((expert, judged))
            cut |= late
            needed = (time.monotonic() - began) * (self._num_folds + 1)
            if not fold and _is_hopeless(began, needed, deadline):
                return needed
        expert, late = self._fit(kind, np.arange(len(self._views)), deadline)
        if self._held is not None:
            asked = time.monotonic()
            answers = [expert.outputs(self._held)]
            answering = time.monotonic() - asked
            parts = [(expert, np.arange(len(self._held)))]
        if not answers:
            raise ValueError("neither folds nor validation rows")
        num = sum(len(judged) for _, judged in parts)
        outputs = np.zeros((num, answers[0].shape[1]), np.float32)
        for (_, judged), found in zip(parts, answers, strict=True):
            outputs[judged] = found
        seconds = time.monotonic() - began
        return Measured(expert, outputs, parts, seconds, answering / max(num, 1), cut or late)

    def _fit(self, kind: Kind, places: np.ndarray, deadline: float | None) -> tuple[Expert, bool]:
        expert, until = kind(), None if deadline is None else Deadline(deadline)
        whole = len(places) == len(self._views)
        views = self._views if whole else self._views.take(places)
        expert.fit(views, self._truth[places], self._codec, seed=self._seed, deadline=until)
        return expert, was_cut(expert, until)

    @staticmethod
    def _until(began: float, deadline: float | None, share: float) -> float | None:
        return None if deadline is None else began + (deadline - began) * share


def _is_hopeless(began: float, needed: float, deadline: float | None) -> bool:
    if deadline is None:
        return False
    return needed > (1 + HOPELESS) * max(deadline - began, CHEAP_SECONDS)
