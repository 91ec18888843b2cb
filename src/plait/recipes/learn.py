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
from plait.model.decision import Decision, make_decision
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
from plait.weighted_metrics import weighted_metrics

RESERVE_SHARE, RESERVE_SECONDS = 0.02, 1.5
BASELINE_SHARE = 0.25
SIMPLE_SHARE = 0.7
"""Part of a timed budget for the simple models, beside a network and without one."""
CALIBRATION_SHARE = 0.03


def learn_target(task: Task, work: Work) -> tuple[Model, dict[str, Any]]:
    """Return the best model of a task's target, and its records: metrics and samples."""
    task, tuned = tune_encoders(task, work)
    task, space, learned = _with_space(task, work)
    guessing = _can_guess(task, work)
    apart = guessing or knows_targets(task)
    folds = None if apart else make_folds(task, work.seed)
    share = SIMPLE_SHARE if work.simple else BASELINE_SHARE
    deadline = share * work.budget.amount if work.budget.timed else None
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
    deep: DeepResult | None = None
    if work.simple:
        pass
    elif guessing:
        deep = train_student(task, plan, rivals, work.progress)
    else:
        deep = train_deep(task, plan, work.progress)
    outputs = {**({} if deep is None else {DEEP: deep.outputs}), **rivals.outputs}
    rows = _chosen_by(task, folds)
    choice = _choice(task, outputs, rows, work.metric)
    known = {} if work.base is None else work.base.shown
    model = _assemble(task, deep, rivals, choice, known)
    until = (
        None if not work.budget.timed else time.monotonic() + CALIBRATION_SHARE * work.budget.amount
    )
    calibration = calibrate(task, rivals, deep, choice.weights, rows, deadline=until)
    model.ensemble.calibration = calibration
    model.ensemble.decision = _decide(task, work, model, outputs, rows)
    model.shared, model.group = space, work.group
    records = _records(model, task, deep, rivals, choice, outputs, folds, work)
    records["metrics"] |= ({} if deep is None else deep.trials) | learned | tuned
    records["metrics"] |= told(curve, records["metrics"], _num_labels(task, folds))
    if work.samples and work.scores:
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
    wanted = bool(work.baselines) and not work.simple
    wanted = wanted and task.weights is None  # guesses have no weight
    return wanted and work.base is None and can_self_train(task, work.budget)


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
    task: Task, deep: DeepResult | None, rivals: Rivals, choice: Choice, shown: Mapping[str, Codec]
) -> Model:
    simple = [name for name in choice.weights if name != DEEP]
    network = deep.system if deep is not None and DEEP in choice.weights else None
    ensemble = Ensemble(
        codecs={name: task.codecs[name] for name in task.columns},
        target=task.target_codec,
        weights=choice.weights,
        experts={name: rivals.experts[name] for name in simple},
        features=rivals.features if simple else None,
        config=None if network is None else network.config,
        tensors={} if network is None else tensors_of(network),
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
    deep: DeepResult | None,
    rivals: Rivals,
    choice: Choice,
    outputs: Mapping[str, np.ndarray],
    folds: np.ndarray | None,
    work: Work,
) -> dict[str, Any]:
    """Score the shipped mix and every candidate alone on the rows set aside.

    With folds and no test rows, what ships has learned from every row: then the candidates' outputs
    on the folds that they had not learned from are scored.
    """
    by_folds = folds is not None and not len(task.splits.test)
    rows = _chosen_by(task, folds) if by_folds else task.judged
    rows = rows if work.scores else rows[:0]
    truth = task.truth[rows]
    groups = task.groups[rows]
    judged, subsets, found = {}, [], {}
    if len(rows) and by_folds:
        found = dict(outputs)
        present = {name: model.present(task.prepared, name)[rows] for name in model.inputs}
        mixed = mix_outputs(_of(outputs, choice), choice.weights)
        judged = model.score_outputs(mixed, truth, present, groups=groups, seed=work.seed)
        _add_weighted(judged, task, mixed, rows)
    elif len(rows):
        found = _outputs_of_all(model, task, deep, rivals, rows)
        judged = model.score_rows(task.prepared, rows, truth, groups=groups, seed=work.seed)
        _add_weighted(judged, task, _shipped(model, task, found, rows), rows)
        subsets = score_subsets(model, task.prepared, rows, truth, groups=groups, seed=work.seed)
    candidates = []
    for name in [*([] if deep is None else [DEEP]), *rivals.experts]:
        if name not in found:
            scored: dict[str, Any] = {"metrics": {}, "intervals": {}}
        elif set(choice.weights) == {name}:
            scored = {part: judged[part] for part in ("metrics", "intervals")}
        else:
            scored = _scored(model.target_codec, found[name], truth, groups, work.seed)
        candidates.append({"name": name, "cost": choice.costs.get(name), **scored})
        seconds = 0.0 if deep is None else deep.run.seconds
        candidates[-1]["seconds"] = rivals.seconds.get(name, seconds)
    said = () if deep is None else deep.notes
    notes = [*task.notes, *rivals.notes, *said, *choice.notes]
    metrics = {
        "shipped": choice.shipped,
        "weights": dict(choice.weights),
        "num_parameters": deep.system.num_parameters if deep and DEEP in choice.weights else 0,
        "test": judged,
        "subsets": subsets,
        "validation": {
            "costs": dict(choice.costs),
            "rows": len(_chosen_by(task, folds)),
            "metrics": _of_choice(task, outputs, choice, _chosen_by(task, folds)),
        },
        "candidates": candidates,
        "baselines": [c for c in candidates if c["name"] != DEEP],
        "curve": [] if deep is None else deep.run.curve,
        "training": {} if deep is None else _training(deep),
        "notes": [*notes, *_judged_notes(task, len(rows), folds)],
    }
    return {"metrics": metrics}


def _choice(
    task: Task, outputs: Mapping[str, np.ndarray], rows: np.ndarray, metric: str | None
) -> Choice:
    """Choose what ships by outputs of rows that no candidate learned from."""
    truth, groups = task.truth[rows], task.groups[rows]
    heavy = None if task.weights is None else task.weights[rows]
    found = unjudged(outputs, truth)
    return found or choose(
        outputs, truth, task.target_codec, groups, row_weights=heavy, metric=metric
    )


def _add_weighted(
    judged: dict[str, Any], task: Task, outputs: np.ndarray, rows: np.ndarray
) -> None:
    """State the metrics by weight beside those in which every row counts the same, in place."""
    if task.weights is not None:
        kind, truth = task.target_codec.task, task.truth[rows]
        judged["weighted"] = weighted_metrics(kind, outputs, truth, task.weights[rows])


def _decide(
    task: Task, work: Work, model: Model, outputs: Mapping[str, np.ndarray], rows: np.ndarray
) -> Decision | None:
    return make_decision(
        task.target_codec,
        _shipped(model, task, outputs, rows),
        task.truth[rows],
        threshold=work.threshold,
        costs=work.costs,
        positive=work.positive,
    )


def _shipped(
    model: Model, task: Task, outputs: Mapping[str, np.ndarray], rows: np.ndarray
) -> np.ndarray:
    """Return what ships out of its members' outputs: their mix, calibrated."""
    weights, calibration = model.ensemble.weights, model.ensemble.calibration
    mixed = mix_outputs({name: outputs[name] for name in weights}, weights)
    return mixed if calibration is None else calibration.apply(mixed, task.prepared, rows)


def _of(outputs: Mapping[str, np.ndarray], choice: Choice) -> dict[str, np.ndarray]:
    return {name: outputs[name] for name in choice.weights}


def _outputs_of_all(
    model: Model, task: Task, deep: DeepResult | None, rivals: Rivals, rows: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what every candidate answers for the rows, shipped or not."""
    names = [*([] if deep is None else [DEEP]), *rivals.experts]
    everything = replace(
        model.ensemble,
        weights=dict.fromkeys(names, 0.0),
        experts=rivals.experts,
        features=rivals.features,
        config=None if deep is None else deep.system.config,
    )
    everything._system = None if deep is None else deep.system
    return {name: everything.outputs_of(name, task.prepared, rows) for name in names}


def _judged_notes(task: Task, num_judged: int, folds: np.ndarray | None) -> list[str]:
    notes = []
    set_aside = len(task.splits.test) or len(task.splits.validation)
    if 0 < num_judged < set_aside:
        notes.append(f"judged on {num_judged:,} of the {set_aside:,} rows set aside")
    if not len(task.splits.test):
        source = "validation rows" if folds is None else "cross-fitting"
        notes.append(f"no rows were set aside as a test: the numbers are from {source}")
    if folds is not None:
        notes.append(f"few rows: candidates were compared by {folds.max() + 1}-fold cross-fitting")
    return notes


def _training(deep: DeepResult) -> dict[str, Any]:
    return {
        "steps": deep.run.steps,
        "precision": deep.run.precision,
        "rows_per_second": deep.run.rows_per_second,
        "wait_share": deep.run.wait_share,
        "join": deep.system.config.join,
        "adapt": deep.adapt,
        "num_parameters": deep.system.num_parameters,
    }


def _chosen_by(task: Task, folds: np.ndarray | None) -> np.ndarray:
    """Return the rows on which candidates are compared: with folds, all that are learned from."""
    if folds is None:
        return task.validation
    return np.sort(np.concatenate([task.splits.train, task.splits.validation]))


def _of_choice(
    task: Task, outputs: Mapping[str, np.ndarray], choice: Choice, rows: np.ndarray
) -> dict[str, float]:
    """Return the metrics of what ships on the rows that it was chosen by, none of them learned."""
    mixed = mix_outputs(_of(outputs, choice), choice.weights)
    return task.target_codec.metrics(mixed, task.truth[rows])


def _scored(
    codec: TargetCodec, outputs: np.ndarray, truth: np.ndarray, groups: np.ndarray, seed: int
) -> dict[str, Any]:
    return {
        "metrics": codec.metrics(outputs, truth),
        "intervals": metric_intervals(codec.metrics, outputs, truth, groups=groups, seed=seed),
    }
