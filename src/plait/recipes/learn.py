"""Fit with a target: measures baselines, trains the network, chooses, and scores what ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.modalities import Codec
from plait.model.decision import Decision, make_decision
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.model.shared_space import SharedSpace
from plait.model.storage import evidence_of, tensors_of_all
from plait.recipes.choose import Choice
from plait.recipes.comparison import choose_candidates, on_all_rows, outputs_of
from plait.recipes.deep_plan import DeepResult, learn_rows
from plait.recipes.folds import make_folds
from plait.recipes.found_encoders import read_by_encoders
from plait.recipes.held_out import calibrate
from plait.recipes.label_curve import curve_seconds, measure_label_curve, told
from plait.recipes.linear_space import learn_linear
from plait.recipes.network import plan_network, train_network
from plait.recipes.network_time import Kept, after_network
from plait.recipes.records import make_card
from plait.recipes.refit import Refitted, refit
from plait.recipes.rival_rows import feature_seconds, too_slow_for_folds
from plait.recipes.rivals import Rivals, measure_rivals
from plait.recipes.samples import make_samples
from plait.recipes.scoring import Scorer
from plait.recipes.second_round import measure_again, why_unused
from plait.recipes.stopping import with_stopping
from plait.recipes.task import Task, with_space
from plait.recipes.timetable import Timetable
from plait.recipes.tuning import has_tuned, knows_targets
from plait.recipes.work import Work

JUDGED_SHARE, LEAST_JUDGED = 0.04, 100
"""Of a timed budget, making the features of the rows that judge may take this; no fewer rows."""

SIMPLE_SHARE = 0.7
"""Of the time that is left, simple models may take so much where no network is trained."""

SLOW_FEATURES = "the time is too short to cross-fit: validation rows compare the candidates"

MOST_SAMPLED = 1000
"""Rows to look at are drawn from so many where time counts."""


def learn_target(task: Task, work: Work) -> tuple[Model, dict[str, Any]]:
    """Return the best model of a task's target, and its records: metrics and samples."""
    timetable = work.timetable
    with timetable.part("encoders"):
        task, encoders = read_by_encoders(task, work)
        task, space, learned = _with_space(task, work)
    guessing = _can_guess(task, work)
    apart = guessing or knows_targets(task)
    folds = None if apart else make_folds(task, work.seed)
    if folds is not None and too_slow_for_folds(task, learn_rows(task), timetable.baselines()):
        folds = None
        task = replace(task, notes=(*task.notes, SLOW_FEATURES))
    if folds is None:
        task = with_stopping(task, from_validation=apart, seed=work.seed)
    task = _judged_in_time(task, timetable)
    with timetable.part("baselines"):
        rivals = measure_rivals(
            task,
            folds,
            seed=work.seed,
            seconds=_rival_seconds(work),
            enabled=work.baselines,
            progress=work.progress,
            space=space,
        )
    with timetable.part("label curve"):
        curve = _label_curve(task, work)
    deep, rivals, kept = _network(task, work, rivals, folds, space, guessing=guessing)
    with timetable.part("choice"):
        choice = choose_candidates(task, deep, rivals, work.metric)
    model = _assemble(task, deep, rivals, choice, {} if work.base is None else work.base.shown)
    known = on_all_rows(deep, rivals, choice.weights)
    with timetable.part("calibration"):
        until = _calibrated_until(timetable, kept)
        model.ensemble.calibration = calibrate(task, rivals, known, choice.weights, deadline=until)
    model.ensemble.decision = _decide(task, work, model, outputs_of(known, rivals), known.rows)
    model.shared, model.group = space, work.group
    shipped = Refitted()
    if folds is None:
        with timetable.part("refit"):
            shipped = refit(
                task, rivals, choice.weights, timetable, seed=work.seed, kept=kept.scoring
            )
    if len(task.splits.test):
        model.ensemble.experts = {**model.ensemble.experts, **shipped.experts}
    with timetable.part("scoring"):
        records = _records(model, task, deep, rivals, choice, folds, work)
        records["metrics"] |= deep.trials | learned | encoders
        records["metrics"] |= told(curve, records["metrics"], _num_labels(task, folds))
        if work.samples and work.scores:
            rows = task.judged if timetable.seconds is None else task.judged[:MOST_SAMPLED]
            records["samples"] = make_samples(model, task, rows, seed=work.seed)
    model.ensemble.experts = {**model.ensemble.experts, **shipped.experts}
    records["metrics"]["refitted"] = sorted(shipped.experts)
    records["metrics"]["notes"] += shipped.notes
    timetable.said.extend(why_unused(rivals, deep, timetable))
    model.card = make_card(task, records["metrics"])
    return model, records


def _network(
    task: Task,
    work: Work,
    rivals: Rivals,
    folds: np.ndarray | None,
    space: SharedSpace | None,
    *,
    guessing: bool,
) -> tuple[DeepResult, Rivals, Kept]:
    """Train the network, and give simple models the time that it cannot use, before and after.

    Return both, and the seconds that are kept for what follows.
    """
    timetable = work.timetable
    kept = after_network(task, rivals, timetable, has_folds=folds is not None)
    with timetable.part("network"):
        left = timetable.left(sum(kept))
        stage = plan_network(task, work, rivals, folds, space, guessing=guessing, left=left)
    rivals = _again(task, work, rivals, stage.spared(timetable.left(sum(kept))))
    kept = after_network(task, rivals, timetable, has_folds=folds is not None)
    with timetable.part("network"):
        deep = train_network(task, work, stage, rivals, kept=sum(kept))
    rivals = _again(task, work, rivals, timetable.left(sum(kept)))
    return deep, rivals, after_network(task, rivals, timetable, has_folds=folds is not None)


def _again(task: Task, work: Work, rivals: Rivals, seconds: float | None) -> Rivals:
    with work.timetable.part("baselines"):
        return measure_again(task, rivals, seconds, seed=work.seed, progress=work.progress)


def _calibrated_until(timetable: Timetable, kept: Kept) -> float | None:
    """Return when calibrating must end: before scoring, but not before its own time is up."""
    left = timetable.left(kept.scoring + kept.refitting)
    return None if left is None else timetable.clock() + max(left, kept.calibrating)


def _rival_seconds(work: Work) -> float | None:
    """Return the seconds that simple models may take: most of them where they are all."""
    left = work.timetable.left()
    return SIMPLE_SHARE * left if work.simple and left is not None else work.timetable.baselines()


def _decide(
    task: Task, work: Work, model: Model, outputs: Mapping[str, np.ndarray], rows: np.ndarray
) -> Decision | None:
    """Return the decision that was asked for, by calibrated outputs of rows that were held out."""
    weights, calibration = model.ensemble.weights, model.ensemble.calibration
    mixed = mix_outputs({name: outputs[name] for name in weights}, weights)
    if calibration is not None:
        mixed = calibration.apply(mixed, task.prepared, rows)
    return make_decision(
        task.target_codec,
        mixed,
        task.truth[rows],
        threshold=work.threshold,
        costs=work.costs,
        positive=work.positive,
    )


def _judged_in_time(task: Task, timetable: Timetable) -> Task:
    """Return the task, looking at no more rows to judge than their features can be made in time."""
    if timetable.seconds is None or not len(task.splits.train):
        return task
    per_row = feature_seconds(task, task.splits.train)
    most = int(JUDGED_SHARE * (timetable.left() or 0.0) / max(per_row, 1e-9))
    return replace(task, most_judged=max(most, LEAST_JUDGED))


def _with_space(task: Task, work: Work) -> tuple[Task, SharedSpace | None, dict[str, Any]]:
    """Return the task with the vectors of a shared space, the space, and what to record of it.

    The space is the base's, or where many rows have no target a linear one of all these rows.
    """
    if work.base is not None:
        space = work.base.space
        task = replace(task, notes=(*task.notes, *(f"the base: {one}" for one in space.warnings)))
        return with_space(task, space, progress=work.progress), space, {}
    found, notes = learn_linear(task, work)
    task = replace(task, notes=(*task.notes, *notes))
    if found is None:
        return task, None, {}
    task = with_space(task, found, progress=work.progress)
    rows = len(task.splits.train) + len(task.unlabelled)
    return task, found, {"space": {"recipe": "canonical correlations", "rows": rows}}


def _can_guess(task: Task, work: Work) -> bool:
    """Tell whether the network learns from guesses: not from a base, which saw such rows before."""
    wanted = bool(work.baselines) and not work.simple
    wanted = wanted and task.weights is None  # guesses have no weight
    if not wanted or work.base is not None:
        return False
    from plait.recipes.self_training import can_self_train

    return can_self_train(task, work.budget)


def _label_curve(task: Task, work: Work) -> dict[str, Any]:
    """Return the label curve; {} where the vectors were made with the targets of all rows."""
    knowing = work.base is not None and task.target in work.base.inputs
    if not work.baselines or not work.scores or knowing or has_tuned(task):
        return {}
    left = work.timetable.left()
    seconds = curve_seconds(None if left is None else min(work.budget.amount, left))
    return measure_label_curve(task, seed=work.seed, seconds=seconds, progress=work.progress)


def _num_labels(task: Task, folds: np.ndarray | None) -> int:
    """Return how many labels the shipped model learned from."""
    return len(task.splits.train) + (0 if folds is None else len(task.splits.validation))


def _assemble(
    task: Task, deep: DeepResult, rivals: Rivals, choice: Choice, shown: Mapping[str, Codec]
) -> Model:
    simple = [name for name in choice.weights if name != DEEP]
    systems = deep.systems if DEEP in choice.weights else ()
    ensemble = Ensemble(
        codecs={name: task.codecs[name] for name in task.columns},
        target=task.target_codec,
        weights=choice.weights,
        experts={name: rivals.experts[name] for name in simple},
        features=rivals.features if simple else None,
        config=systems[0].config if systems else None,
        tensors=tensors_of_all(systems),
        evidence=evidence_of(systems),
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
    work: Work,
) -> dict[str, Any]:
    """Score the shipped mix and every candidate alone on the rows set aside."""
    everything = replace(
        model.ensemble,
        weights={**dict.fromkeys(rivals.experts, 0.0), DEEP: 0.0},
        experts=rivals.experts,
        features=rivals.features,
        config=deep.systems[0].config if deep.systems else None,
        evidence=evidence_of(deep.systems),
    )
    everything._networks = deep.systems
    end = work.timetable.work_end
    held = None
    if folds is not None and not len(task.splits.test):  # what ships has learned from every row
        held = (deep.rows, outputs_of(deep, rivals))
    scorer = Scorer(model, task, everything, rivals.answering, end, held, wanted=work.scores)
    judged = scorer.shipped()
    candidates = _candidates(scorer, deep, rivals, choice, judged)
    subsets = scorer.subsets()
    training = _training(deep)
    metrics = {
        "shipped": choice.shipped,
        "weights": dict(choice.weights),
        "num_parameters": training["num_parameters"] if DEEP in choice.weights else 0,
        "test": judged,
        "subsets": subsets,
        "validation": {
            "costs": dict(choice.costs),
            "rows": len(deep.rows),
            "metrics": _of_choice(task, deep, rivals, choice),
        },
        "candidates": candidates,
        "baselines": [c for c in candidates if c["name"] != DEEP],
        "curve": deep.run.curve,
        "training": training,
        "warnings": list(task.warnings),
        "notes": [
            *task.notes,
            *rivals.said,
            *deep.notes,
            *choice.notes,
            *_row_notes(task, folds, len(scorer.rows)),
            *scorer.notes,
            *(f"left out: {what}" for what in judged.get("left_out", ())),
        ],
    }
    return {"metrics": metrics}


def _training(deep: DeepResult) -> dict[str, Any]:
    """Return what is recorded of the network and its training."""
    return {
        "steps": deep.run.steps,
        "precision": deep.run.precision,
        "rows_per_second": deep.run.rows_per_second,
        "wait_share": deep.run.wait_share,
        "join": deep.systems[0].config.join if deep.systems else None,
        "adapt": deep.adapt,
        "num_networks": len(deep.systems),
        "num_parameters": sum(system.num_parameters for system in deep.systems),
    }


def _candidates(
    scorer: Scorer, deep: DeepResult, rivals: Rivals, choice: Choice, judged: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return each candidate's scores, its seconds, and whether its work was complete."""
    names = [*([DEEP] if deep.systems else []), *rivals.experts]
    found = []
    for place, name in enumerate(names):
        if judged and set(choice.weights) == {name}:
            scored = {part: judged[part] for part in ("metrics", "intervals")}
        else:
            scored = scorer.candidate(name, len(names) - place)
        cut = deep.cut_short if name == DEEP else name in rivals.cut_short
        seconds = rivals.seconds.get(name, deep.run.seconds)
        cost = choice.costs.get(name)
        found.append(
            {"name": name, "cost": cost, **scored, "seconds": seconds, "complete": not cut}
        )
    return found


def _row_notes(task: Task, folds: np.ndarray | None, judged: int) -> list[str]:
    """Say which rows the numbers are from, and which the choice."""
    notes = []
    set_aside = len(task.splits.test) or len(task.splits.validation)
    if 0 < judged < set_aside:
        notes.append(f"judged on {judged:,} of the {set_aside:,} rows set aside")
    if not len(task.splits.test):
        source = "validation rows" if folds is None else "cross-fitting"
        notes.append(f"no rows were set aside as a test: the numbers are from {source}")
    if folds is not None:
        notes.append(f"few rows: candidates were compared by {folds.max() + 1}-fold cross-fitting")
    return notes


def _of_choice(task: Task, deep: DeepResult, rivals: Rivals, choice: Choice) -> dict[str, float]:
    """Return the metrics of what ships on the rows that it was chosen by, none of them learned."""
    outputs = outputs_of(deep, rivals)
    mixed = mix_outputs({name: outputs[name] for name in choice.weights}, choice.weights)
    return task.target_codec.metrics(mixed, task.truth[deep.rows])
