"""A tune from the plain fit to what is kept: searched, judged on new folds, told on the test."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plait.bundle import is_bundle
from plait.energy import Meter
from plait.fitting.setup.dimensions import Dimension, settings_of
from plait.fitting.setup.problem import Problem
from plait.footprint import footprint, with_energy
from plait.model.loading import load
from plait.model.model import Model
from plait.networks.config import SystemConfig
from plait.progress import Progress
from plait.train.budget import Budget
from plait.tuning.folds import Fold, make_folds
from plait.tuning.journal import Journal, best_told
from plait.tuning.judged import Fit, FoldTrier
from plait.tuning.plan import Plan, full_budget
from plait.tuning.search import Search, Tried
from plait.tuning.space import in_words
from plait.tuning.verdict import PLAIN_FIT, TUNED, confirm, on_test, sentence

PLAIN_BUNDLE = "plain"

FRESH = 1
"""Added to the seed of the folds that judge what was found."""


@dataclass(frozen=True, kw_only=True)
class Tune:
    """One tune.

    Attributes:
        problem: Its table, splits and groups.
        fit: Learns from a table: `plait.fit`.
        budget: Of all.
        trials: Settings to try at most; None for as many as are usual.
        objectives: What is searched for.
        dimensions: That are searched.
        auto: What ``size="auto"`` is here.
        fixed: Settings of every fit, as they were said.
        time, group, weights, metric: As they were said.
        seed: Of whatever is drawn.
        folder: Where what was done so far is kept.
        progress: Told of the work.
        began: When the budget began, of `time.monotonic`; None for now.
    """

    problem: Problem
    fit: Fit
    budget: Budget
    trials: int | None
    objectives: Sequence[str]
    dimensions: Sequence[Dimension]
    auto: SystemConfig
    fixed: Mapping[str, Any]
    time: str | None
    group: str | None
    weights: str | None
    metric: str | None
    seed: int
    folder: Path
    progress: Progress
    began: float | None = None

    def run(self) -> Model:
        """Return the model that is kept; its record ``tuning`` tells of all."""
        meter = Meter(tracked=True)
        began = time.monotonic() if self.began is None else self.began
        folds = make_folds(self.problem, time=self.time, seed=self.seed)
        fresh = make_folds(self.problem, time=self.time, seed=self.seed + FRESH, named="fresh ")
        plain = self._plain()
        journal = Journal(
            self.folder,
            self.dimensions,
            num_objectives=len(self.objectives),
            seed=self.seed,
            startup=min(8, max((self.trials or 16) // 2, 1)),
        )
        plan = self._plan(journal, time.monotonic() - began)
        before = float(journal.noted("joules", 0.0))
        trier = FoldTrier(
            self.fit, self.problem.table, str(self.problem.target), self.fixed, self.group,
            self.weights, self.seed,
        )  # fmt: skip
        search = Search(
            journal, plan, folds, trier, self.auto, self.objectives, self.metric, self.progress,
            began=float(journal.noted("search seconds", 0.0)),
            spent=lambda: before + meter.energy()[0],
        )  # fmt: skip
        tried = search.run()
        best = search.best()
        winner = next((one for one in tried if one.number == best), None)
        left = self._left(began, search.began)
        confirmed = self._confirmed(winner, journal, plan.confirmed_in(left), trier, fresh)
        tuned = self._tuned(winner)
        record = self._record(journal, tried, winner, confirmed, plain, tuned)
        model = tuned if tuned is not None and record["kept"] == TUNED else plain
        spent = footprint(before + meter.energy()[0], meter.energy()[1])
        record |= {"plan": plan.to_dict(), "energy": spent, "seconds": time.monotonic() - began}
        energy = {**model.records["energy"], **spent}
        model.records = {**model.records, "tuning": record, "energy": energy}
        model.card = with_energy(model.card, energy)
        return model

    def _plain(self) -> Model:
        """Return the plain fit, made now or before the tune was stopped."""
        path = self.folder / PLAIN_BUNDLE
        if is_bundle(path):
            return load(path)
        update = self.progress.task("plain fit", 1)
        model = self._whole({})
        model.save(path)
        update(1)
        return model

    def _whole(self, settings: Mapping[str, Any]) -> Model:
        return self.fit(
            self.problem.table,
            target=self.problem.target,
            budget=full_budget(self.budget),
            seed=self.seed,
            progress=False,
            **{**self.fixed, **settings},
        )

    def _plan(self, journal: Journal, spent: float) -> Plan:
        """Return the plan, made now or before the tune was stopped."""
        known = journal.noted("plan")
        if known is not None:
            return Plan.from_dict(known)
        left = None
        if self.budget.timed:
            left = max(self.budget.amount - spent - full_budget(self.budget).amount, 0.0)
        plan = Plan.of(self.budget, self.trials, left=left)
        journal.note("plan", plan.to_dict())
        return plan

    def _left(self, began: float, before: float) -> float | None:
        """Return the seconds that are left beside the tuned fit; None where time does not count.

        Args:
            began: When this process began to tune.
            before: Seconds of the search before that.
        """
        if not self.budget.timed:
            return None
        spent = time.monotonic() - began + before
        return self.budget.amount - full_budget(self.budget).amount - spent

    def _settings(self, winner: Tried) -> dict[str, Any]:
        return settings_of(winner.point, self.auto)

    def _confirmed(
        self,
        winner: Tried | None,
        journal: Journal,
        budget: Budget,
        trier: FoldTrier,
        folds: Sequence[Fold],
    ) -> dict[str, Any] | None:
        """Judge the winner beside the plain settings on new folds, now or before it was stopped."""
        if winner is None:
            return None
        key = f"confirmed {winner.number}"
        known: dict[str, Any] | None = journal.noted(key)
        if known is not None:
            return known
        update, done = self.progress.task("new folds", 2 * len(folds)), [0]

        def count() -> None:
            done[0] += 1
            update(done[0])

        found = confirm(
            trier, self._settings(winner), budget, folds, metric=self.metric, update=count
        )
        journal.note(key, found)
        return found

    def _tuned(self, winner: Tried | None) -> Model | None:
        """Return a fit of the whole table with the settings that were found; None without any."""
        if winner is None:
            return None
        update = self.progress.task("tuned fit", 1)
        model = self._whole(self._settings(winner))
        update(1)
        return model

    def _record(
        self,
        journal: Journal,
        tried: Sequence[Tried],
        winner: Tried | None,
        confirmed: dict[str, Any] | None,
        plain: Model,
        tuned: Model | None,
    ) -> dict[str, Any]:
        """Return what the bundle tells of the tune."""
        problem = self.problem
        rows = problem.judged if len(problem.splits.test) else problem.splits.test
        test = on_test(plain, tuned, problem.table, rows, problem.groups[rows])
        shown = confirmed is not None and confirmed["shown"]
        record: dict[str, Any] = {
            "target": problem.target,
            "objectives": list(self.objectives),
            "metric": self.metric,
            "searched": [one.name for one in self.dimensions],
            "trials": [one.as_dict() for one in tried],
            "winner": None if winner is None else winner.number,
            "settings": "plain" if winner is None else in_words(winner.point),
            "confirmed": confirmed,
            "test": test,
            "kept": TUNED if shown else PLAIN_FIT,
        }
        return record | {"sentence": sentence(record)}


def told_so_far(folder: Path) -> str:
    """Return in words what lies in the folder of a tune that was stopped."""
    plain = "a plain fit" if is_bundle(folder / PLAIN_BUNDLE) else "no plain fit yet"
    return f"{plain}, {best_told(folder)}"
