"""Scores what ships and every candidate on the rows set aside, within what time is left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.display import model_name
from plait.fitting.choice.comparison import Candidates
from plait.fitting.choice.subsets import score_subsets
from plait.fitting.setup.problem import Problem
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.model.scores import intervals_of, intervals_seconds_of

SHIPPED_SHARE, CANDIDATE_SHARE = 0.5, 0.5
"""Of the time for scoring what ships may take; of the rest, the candidates."""

NO_TIME = 0.02
"""Seconds of answers that are made even when it is late: guessing, which all is held against."""


@dataclass(frozen=True)
class HeldOutputs:
    """What is known of rows that no candidate learned from: those that what ships was chosen by.

    Attributes:
        candidates: What each answered for them.
        shipped: What ships by the choice of other rows, ``[row, output]``; see
            `plait.fitting.choice.chosen_by_folds`. None where test rows are scored instead.
        learned: Whether what ships has learned from these rows meanwhile.
    """

    candidates: Candidates
    shipped: np.ndarray | None
    learned: bool

    @property
    def rows(self) -> np.ndarray:
        """Their row numbers."""
        return self.candidates.rows


@dataclass
class Scorer:
    """Scores on the rows set aside, with the intervals that `plait evaluate` shows for them.

    Args:
        model: What ships.
        problem: Its rows.
        everything: An ensemble that knows all candidates; see `Ensemble.outputs_of`.
        answering: Candidate -> seconds to answer a row, where that is known.
        end: Of `time.monotonic`; None for as long as it needs.
        held: The rows that the choice was by: they are scored where there are no test rows.
        wanted: False looks at no row.
    """

    model: Model
    problem: Problem
    everything: Ensemble
    answering: Mapping[str, float]
    end: float | None
    held: HeldOutputs
    wanted: bool = True
    notes: list[str] = field(default_factory=list)
    _fewer: bool = False
    _outputs: np.ndarray | None = None

    @property
    def rows(self) -> np.ndarray:
        """The rows set aside, or those of them that are looked at."""
        rows = self.problem.judged if self.has_test else self.held.rows
        return rows if self.wanted else rows[:0]

    @property
    def has_test(self) -> bool:
        """Whether rows were set aside that nothing was chosen by."""
        return bool(len(self.problem.splits.test))

    def shipped(self) -> dict[str, Any]:
        """Return everything that `evaluate` reports, of what ships; {} without rows."""
        if not len(self.rows):
            return {}
        truth, groups = self.problem.truth[self.rows], self.problem.groups[self.rows]
        outputs = self.of_shipped()
        patterns = 1 + len(np.unique(self._present(), axis=0))
        wanted = self._intervals_fit(outputs, truth, SHIPPED_SHARE / patterns)
        found = self.model.score_rows(
            self.problem.prepared, self.rows, truth,
            groups=groups, outputs=outputs, intervals=wanted,
        )  # fmt: skip
        if not wanted and self._intervals_fit(outputs, truth, SHIPPED_SHARE):
            # Of all rows at least: sets of columns can wait, the first number of the page cannot.
            judge = self.model.predictor.judge
            found["intervals"] = intervals_of(judge, outputs, truth, groups=groups)
        if self.problem.weights is not None:
            form, heavy = self.problem.target_codec.form, self.problem.weights[self.rows]
            found["weighted"] = form.weighted_metrics(outputs, truth, heavy)
        return found

    def of_shipped(self) -> np.ndarray:
        """Return what ships says of the rows, ``[row, output]``; without test rows, what the other
        rows would have shipped."""
        if self.held.shipped is not None and not self.has_test:
            return self.held.shipped[: len(self.rows)]
        if self._outputs is None:
            self._outputs = self.model.ensemble.outputs(self.problem.prepared, self.rows)
        return self._outputs

    def candidate(self, name: str, num_left: int) -> dict[str, Any]:
        """Return ``metrics`` and ``intervals`` of one candidate, `num_left` being still to come."""
        rows = self.rows
        if not len(rows):
            return {"metrics": {}, "intervals": {}}
        left, known = self._left(), not self.has_test
        needed = self.answering.get(name, 0.0) * len(rows)
        if not known and left is not None and needed > max(left, NO_TIME):
            who = model_name(name)
            self.notes.append(f"no time was left to score on the rows set aside: {who}")
            return {"metrics": {}, "intervals": {}}
        truth, judge = self.problem.truth[rows], self.model.predictor.judge
        if known:
            outputs = self.held.candidates.outputs[name]
        else:
            outputs = self.everything.outputs_of(name, self.problem.prepared, rows)
        found: dict[str, Any] = {"metrics": judge.metrics(outputs, truth), "intervals": {}}
        if self._intervals_fit(outputs, truth, CANDIDATE_SHARE / max(num_left, 1)):
            groups = self.problem.groups[rows]
            found["intervals"] = intervals_of(judge, outputs, truth, groups=groups)
        return found

    def subsets(self) -> list[dict[str, Any]]:
        """Return the scores with columns hidden, as many and of as many rows as time allows."""
        rows = self.rows
        if not len(rows) or (self.held.learned and not self.has_test):
            return []
        found, num_all = score_subsets(
            self.model, self.problem.prepared, rows, self.problem.truth[rows],
            groups=self.problem.groups[rows], end=self.end,
        )  # fmt: skip
        if len(found) < num_all:
            self.notes.append(f"{len(found)} of {num_all} sets of columns were scored in the time")
        fewest = min((one["rows"] for one in found), default=len(rows))
        if fewest < len(rows):
            self.notes.append(f"sets of columns were scored on {fewest:,} of {len(rows):,} rows")
        return found

    def _present(self) -> np.ndarray:
        found = [self.model.present(self.problem.prepared, n)[self.rows] for n in self.model.inputs]
        return np.stack(found, axis=1)

    def _left(self) -> float | None:
        return None if self.end is None else max(self.end - time.monotonic(), 0.0)

    def _intervals_fit(self, outputs: np.ndarray, truth: np.ndarray, share: float) -> bool:
        left = self._left()
        if left is None:
            return True
        needed = intervals_seconds_of(self.model.predictor.judge, outputs, truth)
        found = needed <= share * left
        if not found and not self._fewer:
            self._fewer = True
            self.notes.append("no time was left for some intervals: `plait evaluate` has them")
        return found
