"""Measures the simple models on the same rows as the network, within a share of the budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from plait.baselines.contract import Deadline, num_outputs, was_cut
from plait.baselines.costs import Size, foreseen_seconds, multiply_seconds
from plait.baselines.experts import Expert, Spread
from plait.baselines.features import FeatureMap, Views
from plait.data.prepared import Prepared
from plait.model.shared_space import SharedSpace
from plait.progress import Progress
from plait.recipes.candidates import Kind, available, not_applicable
from plait.recipes.schedule import CHEAP_SECONDS, Schedule
from plait.recipes.specialise import Judges, Specialiser, deadline_after, kinds_of, likely
from plait.recipes.task import Task

MAX_ROWS = 100_000

LEAST_UNLABELLED = 10
"""From so many rows without a target on, targets are spread over them."""

MAX_SPREAD_ROWS = 4000

FEATURE_SHARE = 0.5
"""Part of the time that making features may take; fewer rows are learned from beyond."""

PILOT_ROWS, LEAST_ROWS = 64, 2000

HOPELESS = 1.0
"""Where the first fold foretells that all take longer than the time by this share, it ends."""

SPECIALIST_SHARE = 0.25
"""Part of the time that specialists may take."""


@dataclass(frozen=True)
class Rivals:
    """The simple models.

    Attributes:
        experts: Name -> model fitted on the training rows (on all rows to learn from, with folds).
        outputs: Name -> outputs on the validation rows, or out-of-fold outputs of all rows.
        seconds: Name -> seconds spent.
        answering: Name -> seconds to answer one row.
        cut_short: Names of those that lack work for want of time.
        kinds: Name -> makes a model that has learned nothing yet.
        features: Makes their features.
        seconds_per_row: Time to make the features of one row.
        notes: What a person should know.
        judges: What answers rows for those that did not learn from them; None without experts.
        rows: Row numbers that they learned from.
    """

    experts: Mapping[str, Expert] = field(default_factory=dict)
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    answering: Mapping[str, float] = field(default_factory=dict)
    cut_short: frozenset[str] = frozenset()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    features: FeatureMap | None = None
    seconds_per_row: float = 0.0
    notes: tuple[str, ...] = ()
    judges: Judges | None = None
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def outputs_of(self, name: str, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return the outputs of one of the experts on any rows, float32 ``[row, output]``."""
        if self.features is None:
            raise KeyError(f"no features for expert {name}")
        return self.experts[name].outputs(self.features.views(prepared, rows))


def measure_rivals(
    task: Task,
    folds: np.ndarray | None,
    *,
    seed: int,
    seconds: float | None,
    enabled: bool,
    progress: Progress,
    space: SharedSpace | None = None,
) -> Rivals:
    """Fit majority, nearest neighbour, linear and boosted models, and others where they apply.

    With a time, first comes what is worth most per second; each ends in its share, is shown as cut
    short where it does not, and is left out with a note where it could not be complete at all.

    Args:
        task: What to learn.
        folds: Fold number of each row to learn from, for out-of-fold outputs; or None.
        seed: Of samples and of the models.
        seconds: Time that they may take; None for as long as it needs.
        enabled: False measures none.
        progress: Told of the work.
        space: Whose vectors are among the task's columns; adds experts on them alone.
    """
    if not enabled:
        return Rivals(notes=("the baselines were switched off",))
    start = time.monotonic()
    kinds, notes = available(task, space)
    rows, notes_rows = _learn_rows(task, folds, seed, seconds)
    update = progress.task("baselines", len(kinds) + 2)
    others = _some_unlabelled(task, seed)
    features, every = FeatureMap.fit(task.prepared, task.columns, np.concatenate([rows, others]))
    views = every.take(np.arange(len(rows))).grouped(task.groups[rows])
    per_row = (time.monotonic() - start) / max(len(rows), 1)
    update(1, "features")
    if task.target_codec.task == "classify" and len(task.unlabelled) >= LEAST_UNLABELLED:
        spread = partial(Spread, every.take(np.arange(len(rows), len(every))))
        kinds = {**kinds, Spread.name: spread}
    held = None
    if folds is None:
        held = features.views(task.prepared, task.validation).grouped(task.groups[task.validation])
    bench = _Bench(task, views, rows, held, folds, seed)
    end = None if seconds is None else start + seconds
    found, said = _measure_in_time(kinds, bench, end, update)
    experts = {name: one.expert for name, one in found.items()}
    outputs = {name: one.outputs for name, one in found.items()}
    judges = _judges(task, rows, views, held, {name: one.parts for name, one in found.items()})
    until = deadline_after(start, None if seconds is None else SPECIALIST_SHARE * seconds)
    special, more = _specialised(task, rows, views, judges, experts, outputs, seed, until)
    update(len(kinds) + 2, "specialists")
    return Rivals(
        experts=experts | special,
        outputs=outputs,
        seconds={name: round(one.seconds, 2) for name, one in found.items()},
        answering={name: one.answering for name, one in found.items()},
        cut_short=frozenset(name for name, one in found.items() if one.cut_short),
        kinds=kinds,
        features=features,
        seconds_per_row=per_row,
        notes=(*notes, *notes_rows, *said, *more),
        judges=judges,
        rows=rows,
    )


@dataclass(frozen=True)
class _Measured:
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


def _measure_in_time(
    kinds: Mapping[str, Kind],
    bench: _Bench,
    end: float | None,
    update: Callable[[float, str], None],
) -> tuple[dict[str, _Measured], list[str]]:
    """Measure what applies and fits into time and memory; in the order of `kinds`, with notes."""
    size = bench.size()
    notes = list(not_applicable(kinds, size))
    names = [name for name in kinds if not any(note.startswith(f"'{name}'") for note in notes)]
    schedule = Schedule(end, {name: bench.work * foreseen_seconds(name, size) for name in names})
    left, found = schedule.order(names), {}
    while left:
        name = left.pop(0)
        admitted, deadline = schedule.admit(name, left)
        one = bench.measure(kinds[name], deadline) if admitted else None
        if isinstance(one, float):
            schedule.give_up(name, one)
        elif one is not None:
            found[name] = one
        update(len(kinds) - len(left) + 1, name)
    cut = [name for name in kinds if name in found and found[name].cut_short]
    if cut:
        notes.append("cut off by the time: " + ", ".join(cut))
    ordered = {name: found[name] for name in kinds if name in found}
    return ordered, [*notes, *schedule.notes]


class _Bench:
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

    @property
    def work(self) -> float:
        """How many times the work of one fit it is to measure an expert."""
        return 1.0 + max(self._num_folds - 1, 0)

    def size(self) -> Size:
        """Return what the time of a fit depends on."""
        judged = len(self._views) if self._held is None else len(self._held)
        outputs = num_outputs(self._codec, self._truth)
        return Size.of(self._views, self._codec, outputs, judged, multiply_seconds())

    def measure(self, kind: Kind, deadline: float | None) -> _Measured | float:
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
        return _Measured(expert, outputs, parts, seconds, answering / max(num, 1), cut or late)

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


def _judges(
    task: Task,
    rows: np.ndarray,
    views: Views,
    held: Views | None,
    stages: Mapping[str, list[tuple[Expert, np.ndarray]]],
) -> Judges:
    """Return what judges specialists: the validation rows, or with folds the rows themselves."""
    if held is None:
        return Judges(views, task.truth[rows], stages, learned=True)
    return Judges(held, task.truth[task.validation], stages, learned=False)


def _specialised(
    task: Task,
    rows: np.ndarray,
    views: Views,
    judges: Judges,
    experts: Mapping[str, Expert],
    outputs: Mapping[str, np.ndarray],
    seed: int,
    deadline: float | None,
) -> tuple[dict[str, Expert], tuple[str, ...]]:
    """Return those experts that are likely to ship, with specialists for rows lacking columns."""
    codec = task.target_codec
    costs = {name: float(codec.cost(found, judges.truth).mean()) for name, found in outputs.items()}
    special = Specialiser(
        list(task.sources.values()),
        views,
        task.truth[rows],
        judges,
        codec,
        seed=seed,
        kinds=kinds_of(costs),
        deadline=deadline,
    )
    wanted = likely(outputs, judges.truth, codec, seed)
    return special.specialised({name: experts[name] for name in wanted}), special.notes


def _learn_rows(
    task: Task, folds: np.ndarray | None, seed: int, seconds: float | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    if folds is not None:
        return np.sort(np.concatenate([task.splits.train, task.splits.validation])), ()
    rows = task.splits.train
    most = MAX_ROWS
    if seconds is not None and len(rows) > LEAST_ROWS:
        per_row = feature_seconds(task, rows)
        others = len(task.validation) * per_row
        most = int(max(FEATURE_SHARE * seconds - others, 0.0) / max(per_row, 1e-9))
        most = min(max(most, LEAST_ROWS), MAX_ROWS)
    if len(rows) <= most:
        return rows, ()
    some = np.random.default_rng(seed).choice(rows, most, replace=False)
    why = "" if most == MAX_ROWS else ": the time is too short to look at all"
    return np.sort(some), (f"the baselines learned from {most:,} of {len(rows):,} rows{why}",)


def feature_seconds(task: Task, rows: np.ndarray) -> float:
    """Return about how long it takes to make the features of one row, from a few of them."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), PILOT_ROWS)).astype(np.int64)]
    features, _ = FeatureMap.fit(task.prepared, task.columns, some)
    began = time.monotonic()
    features.raw(task.prepared, some)
    return (time.monotonic() - began) / max(len(some), 1)


def _some_unlabelled(task: Task, seed: int) -> np.ndarray:
    rows = task.unlabelled
    if len(rows) <= MAX_SPREAD_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_SPREAD_ROWS, replace=False))
