"""Measures the simple models on the same rows as the network, within a share of the budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from plait.baselines.boosted import MAX_CLASSES
from plait.baselines.contract import num_outputs
from plait.baselines.costs import foreseen_seconds
from plait.baselines.experts import Boosted, Expert, Majority, Spread, TableTrees
from plait.baselines.features import FeatureMap, Views
from plait.data.prepared import Prepared
from plait.model.shared_space import SharedSpace
from plait.progress import Progress
from plait.recipes.allowance import Allowance
from plait.recipes.candidates import Kind, available, not_applicable, quick_columns
from plait.recipes.rival_bench import Measured, RivalBench
from plait.recipes.schedule import CHEAP_SECONDS, Schedule
from plait.recipes.specialise import Judges, Specialiser, kinds_of, likely
from plait.recipes.task import Task

MAX_ROWS = 100_000

LEAST_UNLABELLED = 10
"""From so many rows without a target on, targets are spread over them."""

MAX_SPREAD_ROWS = 4000

FEATURE_SHARE = 0.35
"""Part of the time that making features may take; fewer rows are learned from beyond."""

PILOT_ROWS, PILOT_SECONDS = (4, 32, 256), 0.05
"""Rows that tell how long features take; no more once they took so many seconds."""

LEAST_ROWS = 500

TREES_SHARE = 0.4
"""Most of the time that trees on the table's plain columns may take, before all else."""

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
        rows_of: Name -> row numbers, of those that learned from others.
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
    rows_of: Mapping[str, np.ndarray] = field(default_factory=dict)

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
    enabled: bool | Sequence[str],
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
        enabled: False measures none; names measure only those of them that apply.
        progress: Told of the work.
        space: Whose vectors are among the task's columns; adds experts on them alone.
    """
    if not enabled:
        return Rivals(notes=("the baselines were switched off",))
    start, worked = time.monotonic(), time.process_time()
    kinds, notes = available(task, space)
    if not isinstance(enabled, bool):
        kinds = {name: kind for name, kind in kinds.items() if name in enabled}
        if not kinds:
            return Rivals(notes=(*notes, "none of the simple models that were asked for applies"))
    end = None if seconds is None else start + seconds
    kinds, first, rows_of = _with_trees(task, folds, kinds, seed, seconds)
    rows, notes_rows = _learn_rows(task, folds, seed, seconds)
    update = progress.task("baselines", len(kinds) + 2)
    others = _some_unlabelled(task, seed)
    features, every = FeatureMap.fit(task.prepared, task.columns, np.concatenate([rows, others]))
    views = every.take(np.arange(len(rows))).grouped(task.groups[rows])
    views = views.weighted(None if task.weights is None else task.weights[rows])
    per_row = (time.monotonic() - start) / max(len(rows), 1)
    update(1, "features")
    if task.target_codec.form.exclusive and len(task.unlabelled) >= LEAST_UNLABELLED:
        spread = partial(Spread, every.take(np.arange(len(rows), len(every))))
        kinds = {**kinds, Spread.name: spread}
    held = None
    if folds is None:
        held = features.views(task.prepared, task.validation).grouped(task.groups[task.validation])
    bench = RivalBench(task, views, rows, held, folds, seed)
    bench.slower = (time.monotonic() - start) / max(time.process_time() - worked, 1e-3)
    found, said = _measure_in_time(kinds, bench, first, end, update)
    experts = {name: one.expert for name, one in found.items()}
    outputs = {name: one.outputs for name, one in found.items()}
    judges = _judges(task, rows, views, held, {name: one.parts for name, one in found.items()})
    if seconds is None:
        allowance = Allowance.foreseen(found, bench.size(), bench.runs)
    else:
        allowance = Allowance(deadline=time.monotonic() + SPECIALIST_SHARE * seconds)
    special, more = _specialised(task, rows, views, judges, experts, outputs, seed, allowance)
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
        rows_of=rows_of,
    )


def _with_trees(
    task: Task,
    folds: np.ndarray | None,
    kinds: Mapping[str, Kind],
    seed: int,
    seconds: float | None,
) -> tuple[dict[str, Kind], dict[str, Measured], dict[str, np.ndarray]]:
    """Return the kinds with trees on plain columns where time counts and other columns are slow.

    Without folds, the trees are measured at once; they come with the rows that they learned from.
    """
    quick = () if seconds is None or Boosted.name not in kinds else quick_columns(task)
    if not quick or seconds is None:
        return dict(kinds), {}, {}
    trees = {TableTrees.name: partial(TableTrees, quick)}
    simplest = {name: kind for name, kind in kinds.items() if name == Majority.name}
    kinds = {**simplest, **trees, **kinds}
    if folds is not None:
        return kinds, {}, {}
    return kinds, *_quick_trees(task, quick, seed, TREES_SHARE * seconds)


def _quick_trees(
    task: Task, columns: tuple[str, ...], seed: int, seconds: float
) -> tuple[dict[str, Measured], dict[str, np.ndarray]]:
    """Measure trees on columns that are read in a moment, before anything takes long.

    They learn from all training rows, unless their features alone take over half of the seconds.
    """
    began, rows = time.monotonic(), task.splits.train
    pilot = _spread_over(rows, PILOT_ROWS[-1])
    features, _ = FeatureMap.fit(task.prepared, columns, pilot)
    asked = time.monotonic()
    dict(features.raw(task.prepared, pilot))
    per_row = (time.monotonic() - asked) / len(pilot)
    most = int(min(max(seconds / 2 / max(per_row, 1e-9), LEAST_ROWS), MAX_ROWS))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    views = features.views(task.prepared, rows).grouped(task.groups[rows])
    views = views.weighted(None if task.weights is None else task.weights[rows])
    held = Views(features, task.prepared, task.validation)
    bench = RivalBench(task, views, rows, held, None, seed)
    kind = partial(TableTrees, columns)
    num = num_outputs(task.target_codec, task.truth[rows])
    if task.target_codec.form.exclusive and num > MAX_CLASSES:
        return {}, {}
    found = bench.measure(kind, max(began + seconds, time.monotonic() + CHEAP_SECONDS))
    if isinstance(found, float):
        return {}, {}
    return {TableTrees.name: found}, {TableTrees.name: rows}


def _measure_in_time(
    kinds: Mapping[str, Kind],
    bench: RivalBench,
    first: Mapping[str, Measured],
    end: float | None,
    update: Callable[[float, str], None],
) -> tuple[dict[str, Measured], list[str]]:
    """Measure what applies and fits into time and memory; in the order of `kinds`, with notes.

    What was measured `first` is not measured again.
    """
    size = bench.size()
    notes = list(not_applicable(kinds, size))
    names = [name for name in kinds if not any(note.startswith(f"'{name}'") for note in notes)]
    schedule = Schedule(end, {name: bench.work * foreseen_seconds(name, size) for name in names})
    left, found = schedule.order([name for name in names if name not in first]), dict(first)
    while left:
        name = left.pop(0)
        enough = any(not one.cut_short for of, one in found.items() if of != Majority.name)
        admitted, deadline = schedule.admit(name, left, enough=enough)
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
    allowance: Allowance,
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
        allowance=allowance,
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
    """Return about how long it takes to make the features of one row, from ever more of them.

    A few rows are enough where each takes long.
    """
    seconds = 0.0
    features, _ = FeatureMap.fit(task.prepared, task.columns, _spread_over(rows, PILOT_ROWS[0]))
    for num in PILOT_ROWS:
        some = _spread_over(rows, num)
        began = time.monotonic()
        dict(features.raw(task.prepared, some))
        spent = time.monotonic() - began
        seconds = spent / max(len(some), 1)
        if spent > PILOT_SECONDS:
            break
    return seconds


def too_slow_for_folds(task: Task, rows: np.ndarray, seconds: float | None) -> bool:
    """Tell whether the features of all rows take more than their part of so many seconds.

    Then fewer rows are learned from, and others judge: folds would need all of them.
    """
    if seconds is None or not len(task.splits.train) or not len(task.splits.validation):
        return False
    return feature_seconds(task, rows) * len(rows) > FEATURE_SHARE * seconds


def _spread_over(rows: np.ndarray, num: int) -> np.ndarray:
    """Return at most so many of the rows, evenly spread."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), num)).astype(np.int64)]


def _some_unlabelled(task: Task, seed: int) -> np.ndarray:
    rows = task.unlabelled
    if len(rows) <= MAX_SPREAD_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_SPREAD_ROWS, replace=False))
