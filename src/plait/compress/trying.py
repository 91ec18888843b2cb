"""Makes variants of a bundle, one after the other, and measures each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plait.compress.compared import compare
from plait.compress.distil import distil
from plait.compress.exported import export
from plait.compress.limits import why_dropped
from plait.compress.measured import Bench, Figures, known_share
from plait.compress.pruned import pruned_student
from plait.compress.student_problem import student_problem
from plait.compress.teacher import Teacher
from plait.compress.variants import variants
from plait.data.grouping import join_said, said_groups
from plait.fitting.setup.timetable import Timetable
from plait.footprint import of_thousand
from plait.model.ensemble import DEEP
from plait.model.model import Model
from plait.progress import Progress
from plait.train.budget import Budget

DISTIL_SHARE, PRUNE_SHARES = 0.6, {0.5: 0.15, 0.7: 0.15}
"""Of the budget: for the student; share of weights that is pruned -> what its recovery takes."""

MOST_COST = 2e-3
"""Of four bits: nats, or shares of the variance, that outputs may move; see `held_mixed`."""

LEAST_MORE = 0.05
"""Share of weights that a further pruning takes, at least."""

WHOLE, STUDENT = "as it is", "student"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A variant and its numbers; see `plait.compress.limits.Measured`.

    Attributes:
        name: What was done.
        model: That answers so.
        mb, ms, ms_slow: Of its bundle; of one row, the median and one of a hundred.
        joules, method: Of the answer to one row, and how they are known.
        engine: What answered: `EDGE` or `MODEL` of `plait.fitting.records.answering`.
        loss: Share of the score that it loses beside what was compressed.
        agreement: Share of answers that are those of what was compressed.
        dropped: Why it may not win; "" where it may.
    """

    name: str
    model: Model
    mb: float
    ms: float
    ms_slow: float
    joules: float
    method: str
    engine: str
    loss: float
    agreement: float
    dropped: str = ""

    def told(self) -> dict[str, Any]:
        """Return its numbers, JSON-ready."""
        return {
            "name": self.name,
            "mb": self.mb,
            "ms": self.ms,
            "ms_slow": self.ms_slow,
            **of_thousand(self.joules, self.method),
            "engine": self.engine,
            "loss": self.loss,
            "agreement": self.agreement,
            "dropped": self.dropped,
        }


class Trying:
    """Makes and measures variants, one after the other."""

    def __init__(
        self,
        teacher: Teacher,
        methods: Sequence[str],
        budget: Budget,
        seed: int,
        progress: Progress,
        settings: dict[str, Any],
    ) -> None:
        self._teacher, self._methods, self._budget = teacher, methods, budget
        self._seed, self._progress, self._settings = seed, progress, settings
        # Of rows that the teacher never saw, the student's own test is set aside: by one split.
        self._problem = None
        if teacher.splits is None:
            self._problem = student_problem(
                teacher, seed=seed, progress=progress, timetable=Timetable.of(budget)
            )
        self._test = teacher.test if self._problem is None else self._problem.splits.test
        self._bench = Bench.of(teacher, aside=self._test, seed=seed, progress=progress)
        self._figures: dict[str, Figures] = {}

    def run(self) -> Iterator[Tried]:
        """Give the variants, what is compressed first."""
        whole = self._measured(WHOLE, self._teacher.model, None)
        yield whole
        if "distil" not in self._methods:
            yield from self._in_fewer_bits(whole)
            return
        share = DISTIL_SHARE if "prune" in self._methods else 1.0
        student = distil(
            self._teacher,
            budget=self._budget.share(share),
            seed=self._seed,
            progress=self._progress,
            problem=self._problem,
            **self._settings,
        )
        held = student.records["compression"]["choice"]
        found = replace(
            self._measured(STUDENT, student, None),
            loss=1.0 - known_share(held["share"], held["metric"]),
            agreement=float(held["agreement"]),
        )
        yield found
        yield from self._in_fewer_bits(found)
        if "prune" in self._methods and DEEP in student.ensemble.weights:
            yield from self._pruned(found)

    def on_test(self, model: Model) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return how a model does beside what was compressed, on rows of the test, and its scores
        there; {} and None without a test."""
        rows = self._test
        if not len(rows):
            return {}, None
        prepared, truth = self._bench.prepared_test(model, rows)
        every = np.arange(len(rows), dtype=np.int32)
        mine = model.outputs(prepared)
        theirs = self._teacher.outputs(rows)
        group, table = self._teacher.model.group, self._teacher.table.take(rows)
        known = group is not None and group in table.column_names
        groups = join_said(said_groups(table, str(group)), every) if known else every
        scored = model.score_rows(prepared, every, truth, groups=groups, outputs=mine)
        return compare(self._teacher.ensemble.judge, mine, theirs, truth, groups), scored

    def _pruned(self, student: Tried) -> Iterator[Tried]:
        before = 0.0
        for share, part in PRUNE_SHARES.items():
            model, gone = pruned_student(
                self._teacher,
                student.model,
                share,
                budget=self._budget.share(part),
                seed=self._seed,
                progress=self._progress,
                problem=self._problem,
            )
            if gone.share_gone < before + LEAST_MORE:
                return  # all units that may go are gone
            before = gone.share_gone
            name = f"{STUDENT}, {gone.share_gone:.0%} of its network pruned"
            found = self._measured(name, model, student)
            yield found
            yield from self._in_fewer_bits(found)

    def _in_fewer_bits(self, base: Tried) -> Iterator[Tried]:
        """Give a model as graphs, and in fewer and fewer bits."""
        if "quantize" not in self._methods:
            return
        name, model = base.name, base.model
        ensemble = model.ensemble
        if DEEP in ensemble.weights and not ensemble.graphs:
            model = export(model, self._bench.table).model
            found = self._measured(f"{name}, as graphs", model, base)
            yield replace(found, dropped=why_dropped(found, base))
            base = found
        made = {"": base}
        prepared = self._bench.prepared(model)
        every = variants(model, prepared, np.arange(prepared.num_rows), most_cost=MOST_COST)
        for one in every:
            found = self._measured(f"{name}, {one.name}", one.model, base)
            made[one.name] = found
            why = why_dropped(found, made[one.after], for_speed=one.for_speed)
            yield replace(found, dropped=why)

    def _measured(self, name: str, model: Model, base: Tried | None) -> Tried:
        """Return a variant and its numbers.

        Args:
            name: What was done.
            model: That answers so.
            base: What it was made of without seeing further rows, whose loss and agreement it
                begins at; None where it stands for itself. Answers that differ from those of its
                base count as differing from what was compressed.
        """
        found = self._bench.figures(model)
        self._figures[name] = found
        loss, agreement = 0.0, 1.0
        if base is not None:
            before = self._figures[base.name]
            loss = 1.0 - (1.0 - base.loss) * self._bench.kept(found, before)
            agreement = max(base.agreement + self._bench.alike(found, before) - 1.0, 0.0)
        return Tried(
            name=name,
            model=model,
            mb=found.mb,
            ms=found.answered.ms,
            ms_slow=found.answered.ms_slow,
            joules=found.answered.joules,
            method=found.answered.method,
            engine=found.answered.engine,
            loss=loss,
            agreement=agreement,
        )
