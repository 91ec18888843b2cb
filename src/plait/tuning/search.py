"""Searches settings rung by rung: many cheap trials, ever more time and folds for fewer of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plait.errors import PlaitError, UsageError
from plait.fitting.setup.dimensions import Point, settings_of
from plait.networks.config import SystemConfig
from plait.progress import SILENT, Progress, Update
from plait.tuning.folds import Fold
from plait.tuning.journal import DONE, PLAIN, RUNNING, Journal, Trial, key_of
from plait.tuning.judged import Judged, Trier, summary_of
from plait.tuning.plan import Plan, Rung
from plait.tuning.space import in_words

SCORE = "score"
OBJECTIVES = {
    SCORE: "how much a row held out costs, or the metric that was named",
    "ms": "milliseconds of the answer to one row",
    "mb": "megabytes of the bundle",
    "wh": "watt-hours of 1,000 answers",
}
"""What is searched for, the lower the better -> in words."""


SAME = "the same settings as a trial before"
"""Why a trial was not fitted again."""


def check_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """Return objectives, the score first. Raises `UsageError` for unknown ones, and without it."""
    unknown = [name for name in names if name not in OBJECTIVES]
    if unknown or SCORE not in names:
        raise UsageError(
            "there is no such objective" if unknown else "without the score nothing is learned",
            expected=f"{SCORE}, and some of " + ", ".join(n for n in OBJECTIVES if n != SCORE),
            received=", ".join(unknown or names) or "none",
        )
    return tuple(name for name in OBJECTIVES if name in names)


@dataclass(frozen=True)
class Tried:
    """A setting and what its last rung told.

    Attributes:
        number, point: Of the trial.
        rung: The last that it came to.
        told: See `plait.tuning.judged.summary_of`; {} of one that failed.
        first: What its first rung told.
        why: Why there is nothing to tell, or no more; "" where it went well.
        front: Whether no other beats it in all objectives, as the first rung told them.
    """

    number: int
    point: Point
    rung: int
    told: Mapping[str, Any]
    first: Mapping[str, Any]
    why: str = ""
    front: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "trial": self.number,
            "settings": in_words(self.point),
            "point": dict(self.point),
            "rung": self.rung,
            "front": self.front,
            "why": self.why,
            "first": dict(self.first),
            **self.told,
        }


@dataclass
class Search:
    """A search, as far as it came.

    Attributes:
        journal: What was told so far.
        plan: How it goes.
        folds: Of the rows that are not the test.
        trier: Fits and judges.
        auto: What ``size="auto"`` is here.
        objectives: Some of `OBJECTIVES`.
        metric: What the score is by; None for the cost.
        progress: Told of the work.
        began: Seconds that the search took before this process.
        spent: Returns the joules of the whole tune so far.
    """

    journal: Journal
    plan: Plan
    folds: Sequence[Fold]
    trier: Trier
    auto: SystemConfig
    objectives: Sequence[str] = (SCORE,)
    metric: str | None = None
    progress: Progress = SILENT
    began: float = 0.0
    spent: Callable[[], float] = lambda: 0.0
    _start: float = field(default_factory=time.monotonic)
    _done: int = 0
    _update: Update | None = None

    @property
    def seconds(self) -> float:
        """That the search took so far, over all its processes."""
        return self.began + time.monotonic() - self._start

    def run(self) -> list[Tried]:
        """Try settings until the plan, or its time, is at its end; return all, the best first."""
        self._update = self.progress.task("trials", self.plan.num_fits)
        self._first_rung()
        for place in range(1, len(self.plan.rungs)):
            self._next_rung(place)
        return self.tried()

    def best(self) -> int | None:
        """Return the trial that did best where the plain settings were tried too, on the highest
        rung that has both; None where that is the plain one."""
        for place in reversed(range(len(self.plan.rungs))):
            found = self._on_rung(place)
            if PLAIN in found and len(found) > 1:
                number = min(found, key=lambda one: (found[one][SCORE], one))
                return None if number == PLAIN else number
        return None

    def tried(self) -> list[Tried]:
        """Return every setting that is done with, those of the highest rung first, best first."""
        found = [self._tried(one) for one in self.journal.trials() if one.state != RUNNING]
        front = on_front({one.number: self._values(one.first) for one in found if one.first})
        found = [replace(one, front=one.number in front) for one in found]
        return sorted(
            found,
            key=lambda one: (bool(one.why), -one.rung, one.told.get(SCORE, math.inf), one.number),
        )

    def _first_rung(self) -> None:
        rung = self.plan.rungs[0]
        while sum(one.state != RUNNING for one in self.journal.trials()) < self.plan.trials:
            if self._late(rung) and len(self.journal.trials()) > 1:
                return
            trial = self.journal.ask()
            told = self._known(trial) or self._judge(trial.number, trial.point, 0)
            self.journal.tell(trial.number, self._values(told) or None)

    def _known(self, trial: Trial) -> Mapping[str, Any] | None:
        """Return what a trial of the same settings told on the first rung; None without any."""
        own = settings_of(trial.point, self.auto)
        for other in self.journal.trials():
            if other.number < trial.number and settings_of(other.point, self.auto) == own:
                told = self._noted(0, other.number)
                if told:
                    self.journal.note(key_of(0, trial.number), {"told": {}, "why": SAME})
                    return told
        return None

    def _next_rung(self, place: int) -> None:
        rung, before = self.plan.rungs[place], self._on_rung(place - 1)
        best = sorted(before, key=lambda number: before[number][SCORE])
        chosen = best[: self.plan.promoted(place, len(before))]
        if PLAIN in before and PLAIN not in chosen:
            chosen.append(PLAIN)
        points = {one.number: one.point for one in self.journal.trials()}
        for number in sorted(chosen, key=lambda number: (number != PLAIN, best.index(number))):
            if self._noted(place, number) is None:
                if self._late(rung):
                    return
                self._judge(number, points[number], place)

    def _judge(self, number: int, point: Point, place: int) -> dict[str, Any]:
        """Try a setting on a rung, and keep what that tells; {} where it cannot be fitted."""
        rung = self.plan.rungs[place]
        try:
            settings = settings_of(point, self.auto)
            judged = [self._counted(settings, rung, fold) for fold in self.folds[: rung.folds]]
            told = summary_of(judged, self.metric)
        except PlaitError as error:
            told, why = {}, error.what
        else:
            why = "" if math.isfinite(told[SCORE]) else "its score is no number"
            told = {} if why else told
        self.journal.note(key_of(place, number), {"told": told, "why": why})
        self.journal.note("search seconds", self.seconds)
        return told

    def _counted(self, settings: Mapping[str, Any], rung: Rung, fold: Fold) -> Judged:
        judged = self.trier(settings, rung.budget, fold)
        self._done += 1
        if self._update is not None:
            self._update(self._done, self._best_note())
        self.journal.note("joules", self.spent())
        return judged

    def _best_note(self) -> str:
        found = [one for one in self.tried() if one.told]
        return f"best so far: {in_words(found[0].point)}" if found else ""

    def _late(self, rung: Rung) -> bool:
        needed = rung.folds * rung.budget.amount
        return rung.until is not None and self.seconds + needed > rung.until

    def _on_rung(self, place: int) -> dict[int, Mapping[str, Any]]:
        """Return trial -> what it told on a rung, of those that were judged there."""
        numbers = [one.number for one in self.journal.trials() if one.state == DONE]
        found = {number: self._noted(place, number) for number in numbers}
        return {number: told for number, told in found.items() if told}

    def _noted(self, place: int, number: int) -> Mapping[str, Any] | None:
        found = self.journal.noted(key_of(place, number))
        return None if found is None else found["told"]

    def _tried(self, trial: Trial) -> Tried:
        """Return a trial and what its highest rung told; a failure is told where there was one."""
        rung, told, why = 0, dict[str, Any](), ""
        first = self._noted(0, trial.number) or {}
        for place in range(len(self.plan.rungs)):
            found = self.journal.noted(key_of(place, trial.number))
            if found is not None:
                why = found["why"]
                rung, told = (place, found["told"]) if found["told"] else (rung, told)
        return Tried(trial.number, trial.point, rung, told, first, why)

    def _values(self, told: Mapping[str, Any]) -> list[float]:
        return [float(told[name]) for name in self.objectives] if told else []


def on_front(values: Mapping[int, Sequence[float]]) -> set[int]:
    """Return the numbers of those that no other beats in all values at once (Pareto)."""

    def beats(first: Sequence[float], second: Sequence[float]) -> bool:
        pairs = list(zip(first, second, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    return {
        number
        for number, own in values.items()
        if not any(beats(other, own) for other in values.values())
    }
