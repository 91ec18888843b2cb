"""The records of a fit with a target: scores of what ships and of every candidate, samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.choice.choose import Choice
from plait.fitting.records.samples import make_samples
from plait.fitting.records.scoring import HeldOutputs, Scorer
from plait.fitting.setup.deep_plan import DeepResult
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.networks.weights import evidence_of

MOST_SAMPLED = 1000
"""Rows to look at are drawn from so many where time counts."""


def make_records(
    model: Model,
    problem: Problem,
    work: Work,
    deep: DeepResult,
    base_models: BaseModels,
    choice: Choice,
    held: HeldOutputs,
    num_folds: int,
) -> dict[str, Any]:
    """Score the shipped mix and every candidate alone on the rows set aside.

    Args:
        model: What ships.
        problem: Its rows.
        work: What was asked for.
        deep, base_models: The candidates.
        choice: Of what ships.
        held: What is known of rows that none learned from: without test rows, the scores are of
            these.
        num_folds: Of the cross-fitting that candidates were compared by; 0 where there was none.

    Returns:
        ``metrics``, and ``samples`` where these are wanted.
    """
    everything, end = _of_all(model, deep, base_models), work.timetable.work_end
    scorer = Scorer(
        model, problem, everything, base_models.answering, end, held, wanted=work.scores
    )
    judged = scorer.shipped()
    candidates = _candidates(scorer, deep, base_models, choice, judged)
    subsets = scorer.subsets()
    training = _training(deep)
    metrics = {
        **({} if work.metric is None else {"metric": work.metric}),
        "shipped": choice.shipped,
        "weights": dict(choice.weights),
        "num_parameters": training["num_parameters"] if DEEP in choice.weights else 0,
        "test": judged,
        "subsets": subsets,
        "validation": {
            "costs": dict(choice.costs),
            "rows": len(deep.rows),
            "metrics": _of_choice(problem, held),
        },
        "candidates": candidates,
        "baselines": [c for c in candidates if c["name"] != DEEP],
        "curve": deep.run.curve,
        "training": training,
        "warnings": list(problem.warnings),
        "notes": [
            *problem.notes,
            *base_models.said,
            *deep.notes,
            *choice.notes,
            *_row_notes(problem, held, num_folds, len(scorer.rows)),
            *scorer.notes,
            *_interval_notes(model),
            *(f"left out: {what}" for what in judged.get("left_out", ())),
        ],
    }
    records: dict[str, Any] = {"metrics": metrics}
    if work.config.samples and work.scores:
        most = len(scorer.rows) if work.timetable.seconds is None else MOST_SAMPLED
        outputs = scorer.of_shipped()[:most]
        records["samples"] = make_samples(
            model, problem, scorer.rows[:most], outputs, seed=work.seed
        )
    return records


def _of_all(model: Model, deep: DeepResult, base_models: BaseModels) -> Ensemble:
    """Return an ensemble that knows every candidate; see `Ensemble.outputs_of`."""
    everything = replace(
        model.ensemble,
        weights={**dict.fromkeys(base_models.fitted, 0.0), DEEP: 0.0},
        base_models=base_models.fitted,
        features=base_models.features,
        config=deep.systems[0].config if deep.systems else None,
        evidence=evidence_of(deep.systems),
    )
    if deep.systems:
        from plait.networks.torch_runners import SystemRunner

        everything._runners = [SystemRunner(system) for system in deep.systems]
    return everything


def _interval_notes(model: Model) -> tuple[str, ...]:
    calibration = model.ensemble.calibration
    return () if calibration is None else calibration.notes()


def _of_choice(problem: Problem, held: HeldOutputs) -> dict[str, float]:
    """Return the metrics of the choice on its rows; {} where test rows tell them."""
    if held.shipped is None:
        return {}
    return problem.target_codec.metrics(held.shipped, problem.truth[held.rows])


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
    scorer: Scorer,
    deep: DeepResult,
    base_models: BaseModels,
    choice: Choice,
    judged: dict[str, Any],
) -> list[dict[str, Any]]:
    """Return each candidate's scores, its seconds, and whether its work was complete."""
    names = [*([DEEP] if deep.systems else []), *base_models.fitted]
    found = []
    for place, name in enumerate(names):
        if judged and scorer.has_test and set(choice.weights) == {name}:
            scored = {part: judged[part] for part in ("metrics", "intervals")}
        else:
            scored = scorer.candidate(name, len(names) - place)
        cut = deep.cut_short if name == DEEP else name in base_models.cut_short
        seconds = base_models.seconds.get(name, deep.run.seconds)
        one = {"name": name, "cost": choice.costs.get(name), **scored}
        if name != DEEP:
            one["rows_learned"] = len(base_models.rows_of.get(name, base_models.rows))
        found.append(one | {"seconds": seconds, "complete": not cut})
    return found


def _row_notes(problem: Problem, held: HeldOutputs, num_folds: int, judged: int) -> list[str]:
    """Say which rows the numbers are from, and which the choice."""
    notes = []
    set_aside = len(problem.splits.test) or len(problem.splits.validation)
    if 0 < judged < set_aside:
        notes.append(f"judged on {judged:,} of the {set_aside:,} rows set aside")
    if not len(problem.splits.test):
        source = "cross-fitting" if held.learned else "validation rows"
        notes.append(f"no rows were set aside as a test: the numbers are from {source}")
    if num_folds:
        notes.append(f"few rows: candidates were compared by {num_folds}-fold cross-fitting")
    return notes
