"""Measures the simple models on the same rows as the network, within a share of the budget."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from plait.baselines.boosted import Boosted
from plait.baselines.experts import (
    Expert,
    Majority,
    NearestNeighbour,
    Pool,
    Probe,
    Prompts,
    Prototypes,
    Spread,
)
from plait.baselines.features import FeatureMap, Views
from plait.baselines.linear import Linear
from plait.data.prepared import Prepared
from plait.installation import install_command
from plait.model.shared_space import SharedSpace
from plait.progress import Progress
from plait.recipes.prompts import prompt_tuner
from plait.recipes.specialise import Judges, Specialiser, can_pool, deadline_after, kinds_of, likely
from plait.recipes.task import Task

MAX_ROWS = 100_000

LEAST_UNLABELLED = 10
"""From so many rows without a target on, targets are spread over them."""

MAX_SPREAD_ROWS = 4000


@dataclass(frozen=True)
class Rivals:
    """The simple models.

    Attributes:
        experts: Name -> model fitted on the training rows (on all rows to learn from, with folds).
        outputs: Name -> outputs on the validation rows, or out-of-fold outputs of all rows.
        seconds: Name -> seconds spent.
        features: Makes their features.
        seconds_per_row: Time to make the features of one row.
        notes: What a person should know.
        judges: What answers rows for those that did not learn from them; None without experts.
    """

    experts: Mapping[str, Expert] = field(default_factory=dict)
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    features: FeatureMap | None = None
    seconds_per_row: float = 0.0
    notes: tuple[str, ...] = ()
    judges: Judges | None = None

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
    """Fit majority, nearest neighbour, linear and boosted models.

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
    kinds, notes = _available(task, space)
    rows, notes_rows = _learn_rows(task, folds, seed)
    update = progress.task("baselines", len(kinds) + 2)
    others = _some_unlabelled(task, seed)
    features, every = FeatureMap.fit(task.prepared, task.columns, np.concatenate([rows, others]))
    views = every.take(np.arange(len(rows))).grouped(task.groups[rows])
    per_row = (time.monotonic() - start) / max(len(rows), 1)
    update(1, "features")
    if task.target_codec.task == "classify" and len(task.unlabelled) >= LEAST_UNLABELLED:
        kinds = [*kinds, partial(Spread, every.take(np.arange(len(rows), len(every))))]
    held = None
    if folds is None:
        held = features.views(task.prepared, task.validation).grouped(task.groups[task.validation])
    experts, outputs, spent, stages = {}, {}, {}, {}
    for number, kind in enumerate(kinds):
        began = time.monotonic()
        deadline = None if seconds is None else start + seconds * (number + 1) / len(kinds)
        expert, found, parts = _measure(kind, task, views, rows, held, folds, seed, deadline)
        experts[expert.name], outputs[expert.name] = expert, found
        stages[expert.name] = parts
        spent[expert.name] = round(time.monotonic() - began, 2)
        update(number + 2, expert.name)
    judges = _judges(task, rows, views, held, stages)
    until = deadline_after(start, seconds)
    experts |= _specialised(task, rows, views, judges, experts, outputs, seed, until)
    update(len(kinds) + 2, "specialists")
    return Rivals(experts, outputs, spent, features, per_row, (*notes, *notes_rows), judges)


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
) -> dict[str, Expert]:
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
    return special.specialised({name: experts[name] for name in wanted})


def _available(
    task: Task, space: SharedSpace | None
) -> tuple[list[Callable[[], Expert]], tuple[str, ...]]:
    kinds: list[Callable[[], Expert]] = [Majority, NearestNeighbour]
    needed: dict[type[Expert], str] = {Linear: "sklearn", Boosted: "lightgbm"}
    if space is not None:
        needed[Probe] = "sklearn"
        if task.target_codec.task == "classify":
            kinds.append(Prototypes)
            tune = prompt_tuner(task, space)
            kinds += [] if tune is None else [partial(Prompts, tune)]
    sources = list(task.sources.values())
    missing = [
        kind.__name__.lower()
        for kind, name in needed.items()
        if importlib.util.find_spec(name) is None
    ]
    kinds += [kind for kind in needed if kind.__name__.lower() not in missing]
    if Linear in kinds and can_pool(task.target_codec.task, sources):
        kinds.insert(kinds.index(Linear), partial(Pool, sources))
    if not missing:
        return kinds, ()
    return kinds, (f"not measured: {' and '.join(missing)}; they need: {install_command('table')}",)


def _learn_rows(
    task: Task, folds: np.ndarray | None, seed: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    if folds is not None:
        return np.sort(np.concatenate([task.splits.train, task.splits.validation])), ()
    rows = task.splits.train
    if len(rows) <= MAX_ROWS:
        return rows, ()
    some = np.random.default_rng(seed).choice(rows, MAX_ROWS, replace=False)
    return np.sort(some), (f"the baselines learned from {MAX_ROWS} of {len(rows)} rows",)


def _some_unlabelled(task: Task, seed: int) -> np.ndarray:
    rows = task.unlabelled
    if len(rows) <= MAX_SPREAD_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_SPREAD_ROWS, replace=False))


def _measure(
    kind: Callable[[], Expert],
    task: Task,
    views: Views,
    rows: np.ndarray,
    held: Views | None,
    folds: np.ndarray | None,
    seed: int,
    deadline: float | None,
) -> tuple[Expert, np.ndarray, list[tuple[Expert, np.ndarray]]]:
    """Return the expert of all rows, honest outputs, and who gave them for which of the rows."""
    codec, truth = task.target_codec, task.truth[rows]
    found: np.ndarray | None = None
    parts: list[tuple[Expert, np.ndarray]] = []
    began = time.monotonic()
    if folds is not None:
        num_folds = int(folds.max()) + 1
        for fold in range(num_folds):
            share = (fold + 1) / (num_folds + 1)
            until = None if deadline is None else began + (deadline - began) * share
            kept, judged = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            part = kind()
            part.fit(views.take(kept), truth[kept], codec, seed=seed, deadline=until)
            outputs = part.outputs(views.take(judged))
            if found is None:
                found = np.zeros((len(rows), outputs.shape[1]), np.float32)
            found[judged] = outputs
            parts.append((part, judged))
    expert = kind()
    expert.fit(views, truth, codec, seed=seed, deadline=deadline)
    if held is not None:
        found = expert.outputs(held)
        parts = [(expert, np.arange(len(held)))]
    if found is None:
        raise ValueError("neither folds nor validation rows")
    return expert, found, parts
