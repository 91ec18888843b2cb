"""Fit with a target: measures baselines, trains the network, chooses, and scores what ships."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.intervals import metric_intervals
from plait.modalities import Codec, TargetCodec
from plait.model.config import choose_size
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.model.shared_space import SharedSpace
from plait.model.storage import tensors_of
from plait.recipes.choose import Choice, choose, unjudged
from plait.recipes.deep import DeepPlan, DeepResult, train_deep
from plait.recipes.folds import make_folds
from plait.recipes.held_out import calibrate
from plait.recipes.label_curve import curve_seconds, measure_label_curve, told
from plait.recipes.linear_space import learn_linear
from plait.recipes.records import make_card
from plait.recipes.rivals import Rivals, measure_rivals
from plait.recipes.samples import make_samples
from plait.recipes.self_training import can_self_train, student_size, train_student
from plait.recipes.subsets import score_subsets
from plait.recipes.task import Task, with_space
from plait.recipes.tuning import has_tuned, knows_targets, tune_encoders
from plait.recipes.work import Work
from plait.train.budget import Budget

RESERVE_SHARE, RESERVE_SECONDS = 0.02, 1.5
BASELINE_SHARE = 0.25
CALIBRATION_SHARE = 0.03


def learn_target(task: Task, work: Work) -> tuple[Model, dict[str, Any]]:
    """Return the best model of a task's target, and its records: metrics and samples."""
    task, tuned = tune_encoders(task, work)
    task, space, learned = _with_space(task, work)
    guessing = _can_guess(task, work)
    apart = guessing or knows_targets(task)
    folds = None if apart else make_folds(task, work.seed)
    deadline = BASELINE_SHARE * work.budget.amount if work.budget.timed else None
    rivals = measure_rivals(
        task,
        folds,
        seed=work.seed,
        seconds=deadline,
        enabled=work.baselines,
        progress=work.progress,
        space=space,
    )
    curve = _label_curve(task, work)
    small = guessing and work.size == "auto"
    plan = DeepPlan(
        config=student_size(task) if small else choose_size(work.size, len(task.splits.train)),
        fusion=work.fusion,
        train=work.train,
        budget=_deep_budget(task, work, rivals),
        folds=folds,
        seed=work.seed,
        device=work.device,
        folder=work.folder,
        start=space if space is not None and space.has_network else None,
        adapt=work.adapt,
    )
    if guessing:
        deep = train_student(task, plan, rivals, work.progress)
    else:
        deep = train_deep(task, plan, work.progress)
    outputs, truth = {DEEP: deep.outputs, **rivals.outputs}, task.truth[deep.rows]
    groups = task.groups[deep.rows]
    choice = unjudged(outputs, truth) or choose(outputs, truth, task.target_codec, groups)
    known = {} if work.base is None else work.base.shown
    model = _assemble(task, deep, rivals, choice, known)
    until = (
        None if not work.budget.timed else time.monotonic() + CALIBRATION_SHARE * work.budget.amount
    )
    model.ensemble.calibration = calibrate(task, rivals, deep, choice.weights, deadline=until)
    model.shared, model.group = space, work.group
    records = _records(model, task, deep, rivals, choice, folds, work.seed)
    records["metrics"] |= deep.trials | learned | tuned
    records["metrics"] |= told(curve, records["metrics"], _num_labels(task, folds))
    if work.samples:
        records["samples"] = make_samples(model, task, task.judged, seed=work.seed)
    model.card = make_card(task, records["metrics"])
    return model, records


def _with_space(task: Task, work: Work) -> tuple[Task, SharedSpace | None, dict[str, Any]]:
    """Return the task with the vectors of a shared space, the space, and what to record of it.

    The space is the base's, or where many rows have no target a linear one of all these rows.
    """
    if work.base is not None:
        space = work.base.space
        task = replace(task, notes=(*task.notes, *(f"the base: {one}" for one in space.warnings)))
        return with_space(task, space, on_error=work.on_error, progress=work.progress), space, {}
    found, notes = learn_linear(task, work)
    task = replace(task, notes=(*task.notes, *notes))
    if found is None:
        return task, None, {}
    task = with_space(task, found, on_error=work.on_error, progress=work.progress)
    rows = len(task.splits.train) + len(task.unlabelled)
    return task, found, {"space": {"recipe": "canonical correlations", "rows": rows}}


def _can_guess(task: Task, work: Work) -> bool:
    """Tell whether the network learns from guesses: not from a base, which saw such rows before."""
    return work.baselines and work.base is None and can_self_train(task, work.budget)


def _label_curve(task: Task, work: Work) -> dict[str, Any]:
    """Return the label curve; {} where the vectors were made with the targets of all rows."""
    knowing = work.base is not None and task.target in work.base.inputs
    if not work.baselines or knowing or has_tuned(task):
        return {}
    seconds = curve_seconds(work.budget.amount if work.budget.timed else None)
    return measure_label_curve(task, seed=work.seed, seconds=seconds, progress=work.progress)


def _num_labels(task: Task, folds: np.ndarray | None) -> int:
    """Return how many labels the shipped model learned from."""
    return len(task.splits.train) + (0 if folds is None else len(task.splits.validation))


def _deep_budget(task: Task, work: Work, rivals: Rivals) -> Budget:
    """Return what is left for the network when scoring and saving have had their time."""
    budget = work.budget
    if not budget.timed:
        return budget
    num_passes = 3 + 2 * len(task.inputs)
    scoring = num_passes * len(task.judged) * rivals.seconds_per_row
    reserve = RESERVE_SHARE * budget.amount + RESERVE_SECONDS + 1.5 * scoring
    left = budget.amount - work.meter.seconds - min(reserve, 0.3 * budget.amount)
    return Budget(max(left, 0.15 * budget.amount), "seconds")


def _assemble(
    task: Task, deep: DeepResult, rivals: Rivals, choice: Choice, shown: Mapping[str, Codec]
) -> Model:
    simple = [name for name in choice.weights if name != DEEP]
    has_deep = DEEP in choice.weights
    ensemble = Ensemble(
        codecs={name: task.codecs[name] for name in task.columns},
        target=task.target_codec,
        weights=choice.weights,
        experts={name: rivals.experts[name] for name in simple},
        features=rivals.features if simple else None,
        config=deep.system.config if has_deep else None,
        tensors=tensors_of(deep.system) if has_deep else {},
    )
    return Model(
        schema=task.table.schema,
        sources=task.sources,
        target=task.target,
        parts=ensemble,
        readings=task.readings,
        shown={**shown, **{name: task.codecs[name] for name in task.inputs}},
    )


def _records(
    model: Model,
    task: Task,
    deep: DeepResult,
    rivals: Rivals,
    choice: Choice,
    folds: np.ndarray | None,
    seed: int,
) -> dict[str, Any]:
    """Score the shipped mix and every candidate alone on the rows set aside."""
    rows = task.judged
    truth = task.truth[rows]
    groups = task.groups[rows]
    judged = (
        model.score_rows(task.prepared, rows, truth, groups=groups, seed=seed) if len(rows) else {}
    )
    everything = replace(
        model.ensemble,
        weights={**dict.fromkeys(rivals.experts, 0.0), DEEP: 0.0},
        experts=rivals.experts,
        features=rivals.features,
        config=deep.system.config,
    )
    everything._system = deep.system
    candidates = []
    for name in [DEEP, *rivals.experts]:
        if len(rows) and set(choice.weights) == {name}:
            scored = {part: judged[part] for part in ("metrics", "intervals")}
        elif len(rows):
            outputs = everything.outputs_of(name, task.prepared, rows)
            scored = _scored(model.target_codec, outputs, truth, groups, seed)
        else:
            scored = {"metrics": {}, "intervals": {}}
        candidates.append({"name": name, "cost": choice.costs.get(name), **scored})
        candidates[-1]["seconds"] = rivals.seconds.get(name, deep.run.seconds)
    notes = [*task.notes, *rivals.notes, *deep.notes, *choice.notes]
    set_aside = len(task.splits.test) or len(task.splits.validation)
    if len(rows) < set_aside:
        notes.append(f"judged on {len(rows):,} of the {set_aside:,} rows set aside")
    if not len(task.splits.test):
        notes.append("no rows were set aside as a test: the numbers are from validation rows")
    if folds is not None:
        notes.append(f"few rows: candidates were compared by {folds.max() + 1}-fold cross-fitting")
    metrics = {
        "shipped": choice.shipped,
        "weights": dict(choice.weights),
        "num_parameters": deep.system.num_parameters if DEEP in choice.weights else 0,
        "test": judged,
        "subsets": score_subsets(model, task.prepared, rows, truth, groups=groups, seed=seed)
        if len(rows)
        else [],
        "validation": {
            "costs": dict(choice.costs),
            "rows": len(deep.rows),
            "metrics": _of_choice(task, deep, rivals, choice),
        },
        "candidates": candidates,
        "baselines": [c for c in candidates if c["name"] != DEEP],
        "curve": deep.run.curve,
        "training": {
            "steps": deep.run.steps,
            "precision": deep.run.precision,
            "rows_per_second": deep.run.rows_per_second,
            "wait_share": deep.run.wait_share,
            "join": deep.system.config.join,
            "adapt": deep.adapt,
            "num_parameters": deep.system.num_parameters,
        },
        "notes": notes,
    }
    return {"metrics": metrics}


def _of_choice(task: Task, deep: DeepResult, rivals: Rivals, choice: Choice) -> dict[str, float]:
    """Return the metrics of what ships on the rows that it was chosen by, none of them learned."""
    outputs = {DEEP: deep.outputs, **rivals.outputs}
    mixed = mix_outputs({name: outputs[name] for name in choice.weights}, choice.weights)
    return task.target_codec.metrics(mixed, task.truth[deep.rows])


def _scored(
    codec: TargetCodec, outputs: np.ndarray, truth: np.ndarray, groups: np.ndarray, seed: int
) -> dict[str, Any]:
    return {
        "metrics": codec.metrics(outputs, truth),
        "intervals": metric_intervals(codec.metrics, outputs, truth, groups=groups, seed=seed),
    }
