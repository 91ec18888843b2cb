"""Tries students on a part of the rows, and lets those that are chosen learn from all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plait.compress.lessons import Lessons
from plait.compress.network_students import NetworkStudents
from plait.compress.settings import NETWORK, SIMPLE, TOLD, Distilling
from plait.compress.simple_students import Kind, SimpleStudents
from plait.compress.student_features import StudentFeatures
from plait.compress.students import Learned, Student, num_bytes
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.timetable import Timetable
from plait.model.ensemble import DEEP
from plait.networks.config import choose_size, join_layer
from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig

SIMPLE_SHARE, TRIAL_SHARES, SCORING_SHARE = 0.2, {NETWORK: 0.18, TOLD: 0.22}, 0.1
"""Of the time: for simple students, for each network that is tried, for scoring; the chosen network
has the rest, and learns from all rows."""

LEAST_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Students of one problem.

    Attributes:
        problem, lessons, features: What they learn.
        asked: Settings.
        budget: Of the distillation.
        timetable: Of the same.
        device: ``cpu`` or ``cuda``.
        progress: Told of the work.
    """

    problem: Problem
    lessons: Lessons
    features: StudentFeatures
    asked: Distilling
    budget: Budget
    timetable: Timetable
    device: str
    progress: Progress

    def run(self, learning: np.ndarray, choosing: np.ndarray) -> list[Student]:
        """Return the students that were asked for, learned from some rows and asked about others.

        Args:
            learning, choosing: Row numbers, of no group in common.
        """
        found = []
        if SIMPLE in self.asked.students:
            with self.timetable.part("simple students"):
                found += self._try_simple(learning, choosing)
        networks, left = self._networks(), self.timetable.left()
        for kind in (NETWORK, TOLD):
            if kind not in self.asked.students or (kind == TOLD and not networks.may_be_told()):
                continue
            seconds = None if left is None else TRIAL_SHARES[kind] * left
            with self.timetable.part("trials of networks"):
                budget = self._budget(seconds)
                found.append(self._try(networks, learning, choosing, budget, told=kind == TOLD))
        return found

    def again(self, chosen: Mapping[str, Student], rows: np.ndarray) -> dict[str, Learned]:
        """Let what is to ship learn from all rows: the network has the time that others leave."""
        found, kept = {}, SCORING_SHARE * (self.timetable.seconds or 0.0)
        with self.timetable.part("student"):
            for name in sorted(chosen, key=lambda name: name == DEEP):
                found[name] = chosen[name].again(rows, self.timetable.left(kept))
        return found

    def _budget(self, seconds: float | None) -> Budget:
        if seconds is None:
            return self.budget
        return Budget(max(seconds, LEAST_SECONDS), "seconds")

    def _try_simple(self, learning: np.ndarray, choosing: np.ndarray) -> list[Student]:
        students = SimpleStudents(
            self.problem, self.lessons, self.features, self.asked.share, self.asked.seed
        )
        kinds, scaled, found = students.kinds(), self.features.fit(learning), list[Student]()
        for place, (name, kind) in enumerate(kinds.items()):
            began = time.monotonic()
            until = self.timetable.until(SIMPLE_SHARE / (len(kinds) - place))
            one = students.fit(kind, learning, scaled, until)
            found.append(
                Student(
                    name=name,
                    what=name,
                    outputs=students.outputs(one, choosing, scaled),
                    num_bytes=num_bytes(self.problem, name, Learned(simple=one, features=scaled)),
                    seconds=time.monotonic() - began,
                    again=_simple_again(students, kind),
                )
            )
        return found

    def _try(
        self,
        networks: NetworkStudents,
        learning: np.ndarray,
        choosing: np.ndarray,
        budget: Budget,
        *,
        told: bool,
    ) -> Student:
        began, what = time.monotonic(), "told network" if told else "network"
        rows = self._seen(learning)
        system, run = networks.learn(rows, budget, f"trial: {what}", told=told)
        outputs = networks.outputs(system, choosing)
        return Student(
            name=DEEP,
            what=what,
            outputs=outputs,
            num_bytes=num_bytes(self.problem, DEEP, Learned(system=system)),
            seconds=time.monotonic() - began,
            again=self._network_again(networks, system.config.heads, told=told),
            run=run,
        )

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows that a network learns from: no more without a target than with one.

        A step of a network sees a few rows, and those with a target tell it most.
        """
        fresh = rows[~self.problem.labelled[rows]]
        most = len(rows) - len(fresh)
        if len(fresh) <= most:
            return rows
        some = np.random.default_rng(self.asked.seed).choice(fresh, most, replace=False)
        return np.union1d(rows[self.problem.labelled[rows]], some)

    def _networks(self) -> NetworkStudents:
        problem, asked, num_rows = self.problem, self.asked, len(self.lessons.rows)
        modalities = [problem.codecs[name].modality for name in problem.columns]
        config = choose_size(asked.size, num_rows, modalities)
        join = join_layer("mid", config.depth) if len(problem.columns) > 1 else 0
        train = asked.train or TrainConfig()
        if self.budget.timed:
            train = train.within(self.budget.amount, num_rows)
        return NetworkStudents(
            problem=problem,
            lessons=self.lessons,
            features=self.features,
            config=replace(config, join=join),
            train=train,
            share=asked.share,
            temperature=asked.temperature,
            seed=asked.seed,
            device=self.device,
            progress=self.progress,
        )

    def _network_again(
        self, networks: NetworkStudents, heads: Sequence[str], *, told: bool
    ) -> Callable[[np.ndarray, float | None], Learned]:
        def again(rows: np.ndarray, seconds: float | None) -> Learned:
            own = self._budget(seconds)
            rows = self._seen(rows)
            system, run = networks.learn(rows, own, "student", told=told, heads=heads)
            return Learned(system=system, run=run)

        return again


def _simple_again(
    students: SimpleStudents, kind: Kind
) -> Callable[[np.ndarray, float | None], Learned]:
    def again(rows: np.ndarray, seconds: float | None) -> Learned:
        until = None if seconds is None else time.monotonic() + seconds / 2
        scaled = students.features.fit(rows)
        return Learned(simple=students.fit(kind, rows, scaled, until), features=scaled)

    return again
