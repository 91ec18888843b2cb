"""Fit with a target: measures baselines, trains the network, chooses, and scores what ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.fitting.candidates.base_model_rows import feature_seconds, too_slow_for_folds
from plait.fitting.candidates.base_models import BaseModels, measure_base_models
from plait.fitting.candidates.label_curve import curve_seconds, measure_label_curve, told
from plait.fitting.candidates.refit import Refitted, refit
from plait.fitting.candidates.second_round import measure_again, why_unused
from plait.fitting.candidates.table_models import table_models
from plait.fitting.choice.choose import Choice
from plait.fitting.choice.chosen_by_folds import choose_and_judge, seconds_to_choose
from plait.fitting.choice.comparison import Candidates, on_all_rows, outputs_of
from plait.fitting.choice.held_out import calibrate
from plait.fitting.choice.kept_answers import keep_answers
from plait.fitting.choice.rehearsed import keep_rehearsal
from plait.fitting.choice.subsets import subsets_of
from plait.fitting.encoders.found_encoders import read_by_encoders
from plait.fitting.encoders.tuning import has_tuned, knows_targets
from plait.fitting.network.network_time import Kept, after_network, kept_beside
from plait.fitting.network.stage import plan_network, train_network
from plait.fitting.records.records import make_card
from plait.fitting.records.scoring import HeldOutputs
from plait.fitting.records.target_records import make_records
from plait.fitting.setup.cross_fitting import make_folds
from plait.fitting.setup.deep_plan import DeepResult, learn_rows
from plait.fitting.setup.problem import Problem, with_space
from plait.fitting.setup.stopping import with_stopping
from plait.fitting.setup.timetable import Timetable
from plait.fitting.setup.work import Work
from plait.fitting.space.linear_space import learn_linear
from plait.modalities import Codec
from plait.model.decision import Decision, make_decision
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.model.rehearsing import with_told
from plait.model.shared_space import SharedSpace
from plait.networks.weights import evidence_of, tensors_of_all
from plait.report.model_verdict import verdict_of

JUDGED_SHARE, LEAST_JUDGED = 0.04, 100
"""Of a timed budget, making the features of the rows that judge may take this; no fewer rows."""

SIMPLE_SHARE = 0.7
"""Of the time that is left, simple models may take so much where no network is trained."""

SLOW_FEATURES = "the time is too short to cross-fit: validation rows compare the candidates"


def learn_target(problem: Problem, work: Work) -> tuple[Model, dict[str, Any]]:
    """Return the best model of a problem's target, and its records: metrics and samples."""
    timetable = work.timetable
    with timetable.part("encoders"):
        problem, encoders = read_by_encoders(problem, work)
        problem, space, learned = _with_space(problem, work)
    apart = knows_targets(problem) or problem.table.num_rows > problem.table.real.num_rows
    problem, folds = _with_folds(problem, work, apart=apart)
    problem = _judged_in_time(problem, timetable)
    with timetable.part("baselines"):
        problem, base_models = _measured(problem, work, folds, space)
    with timetable.part("label curve"):
        curve = _label_curve(problem, work)
    deep, base_models, kept = _network(problem, work, base_models, folds, space)
    candidates = Candidates.of(deep, base_models)
    with timetable.part("choice"):
        choice, by_choice = choose_and_judge(problem, candidates, work, kept.choosing)
    model = _assemble(
        problem, deep, base_models, choice, {} if work.base is None else work.base.shown
    )
    known = on_all_rows(deep, base_models, choice.weights)
    with timetable.part("calibration"):
        until = _calibrated_until(timetable, kept)
        model.ensemble.calibration = calibrate(
            problem, base_models, known, choice.weights, deadline=until
        )
    model.ensemble.answers = keep_answers(problem, base_models, deep, model.ensemble)
    model.ensemble.rehearsal = keep_rehearsal(problem, base_models, model.ensemble)
    model.ensemble.decision = _decide(
        problem, work, model, outputs_of(known, base_models), known.rows
    )
    model.shared, model.group = space, work.config.rows.group
    shipped = Refitted()
    if folds is None:
        with timetable.part("refit"):
            shipped = refit(
                problem, base_models, choice.weights, timetable, seed=work.seed, kept=kept.scoring
            )
    if len(problem.splits.test):
        model.ensemble.base_models = {**model.ensemble.base_models, **shipped.base_models}
    with timetable.part("scoring"):
        held = HeldOutputs(candidates, by_choice, learned=folds is not None)
        num_folds = 0 if folds is None else int(folds.max()) + 1
        records = make_records(model, problem, work, deep, base_models, choice, held, num_folds)
        records["metrics"] |= deep.trials | learned | encoders
        records["metrics"] |= told(curve, records["metrics"], _num_labels(problem, folds))
    model.ensemble.base_models = {**model.ensemble.base_models, **shipped.base_models}
    records["metrics"]["refitted"] = sorted(shipped.base_models)
    records["metrics"]["notes"] += shipped.notes
    if work.alone:
        timetable.said.extend(why_unused(base_models, deep, timetable))
    card = make_card(problem, records["metrics"], verdict_of(model, records["metrics"]))
    model.card = with_told(card, model.ensemble.rehearsal)
    return model, records


def _measured(
    problem: Problem, work: Work, folds: np.ndarray | None, space: SharedSpace | None
) -> tuple[Problem, BaseModels]:
    """Measure the base models; the problem is told what became of tabular foundation models."""
    others, said = table_models(problem, work)
    problem = replace(problem, notes=(*problem.notes, *said))
    found = measure_base_models(
        problem,
        folds,
        seed=work.seed,
        seconds=_base_model_seconds(work),
        enabled=work.baselines,
        progress=work.progress,
        space=space,
        others=others,
    )
    return problem, found


def _with_folds(problem: Problem, work: Work, *, apart: bool) -> tuple[Problem, np.ndarray | None]:
    """Return the folds of the rows that are cross-fitted, or None and rows that stop the network.

    Args:
        problem, work: The fit.
        apart: Whether validation rows must stay apart from what is learned, so that none is.
    """
    folds = None if apart else make_folds(problem, work.seed)
    seconds = work.timetable.baselines()
    if folds is not None and too_slow_for_folds(problem, learn_rows(problem), seconds):
        folds = None
        problem = replace(problem, notes=(*problem.notes, SLOW_FEATURES))
    if folds is None:
        problem = with_stopping(problem, from_validation=apart, seed=work.seed)
    return problem, folds


def _network(
    problem: Problem,
    work: Work,
    base_models: BaseModels,
    folds: np.ndarray | None,
    space: SharedSpace | None,
) -> tuple[DeepResult, BaseModels, Kept]:
    """Train the network, and give simple models the time that it cannot use, before and after.

    Return both, and the seconds that are kept for what follows.
    """
    timetable = work.timetable
    with timetable.part("choice"):
        choosing = seconds_to_choose(problem, base_models, work)
    kept = after_network(problem, base_models, timetable, choosing, has_folds=folds is not None)
    with timetable.part("network"):
        left = timetable.left(sum(kept))
        stage = plan_network(problem, work, base_models, folds, space, left=left)
    then = partial(after_network, has_folds=folds is not None, answering=stage.answering)
    base_models = _again(problem, work, base_models, stage.spared(timetable.left(sum(kept))))
    kept = then(problem, base_models, timetable, choosing)
    if not base_models.outputs:
        kept = kept_beside(kept, stage.foreseen, len(subsets_of(problem.inputs)))
    with timetable.part("network"):
        deep = train_network(problem, work, stage, base_models, kept=sum(kept))
    base_models = _again(problem, work, base_models, timetable.left(sum(kept)))
    kept = then(problem, base_models, timetable, choosing)
    return deep, base_models, kept


def _again(
    problem: Problem, work: Work, base_models: BaseModels, seconds: float | None
) -> BaseModels:
    with work.timetable.part("baselines"):
        return measure_again(problem, base_models, seconds, seed=work.seed, progress=work.progress)


def _calibrated_until(timetable: Timetable, kept: Kept) -> float | None:
    """Return when calibrating must end: before scoring, but not before its own time is up."""
    left = timetable.left(kept.scoring + kept.refitting)
    return None if left is None else timetable.clock() + max(left, kept.calibrating)


def _base_model_seconds(work: Work) -> float | None:
    """Return the seconds that simple models may take: most of them where they are all."""
    left = work.timetable.left()
    return SIMPLE_SHARE * left if work.simple and left is not None else work.timetable.baselines()


def _decide(
    problem: Problem, work: Work, model: Model, outputs: Mapping[str, np.ndarray], rows: np.ndarray
) -> Decision | None:
    """Return the decision that was asked for, by calibrated outputs of rows that were held out."""
    weights, calibration = model.ensemble.weights, model.ensemble.calibration
    mixed = mix_outputs({name: outputs[name] for name in weights}, weights)
    if calibration is not None:
        mixed = calibration.apply(mixed, problem.prepared, rows)
    return make_decision(
        problem.target_codec,
        mixed,
        problem.truth[rows],
        threshold=work.config.decision.threshold,
        costs=work.config.decision.costs,
        positive=work.config.decision.positive,
    )


def _judged_in_time(problem: Problem, timetable: Timetable) -> Problem:
    """Return the problem with no more rows to judge than their features can be made in time."""
    if timetable.seconds is None or not len(problem.splits.train):
        return problem
    per_row = feature_seconds(problem, problem.splits.train)
    most = int(JUDGED_SHARE * (timetable.left() or 0.0) / max(per_row, 1e-9))
    return replace(problem, most_judged=max(most, LEAST_JUDGED))


def _with_space(problem: Problem, work: Work) -> tuple[Problem, SharedSpace | None, dict[str, Any]]:
    """Return the problem with the vectors of a shared space, the space, and what to record of it.

    The space is the base's, or where many rows have no target a linear one of all these rows.
    """
    if not work.alone:
        return problem, work.space, {}
    if work.base is not None:
        space = work.base.space
        problem = replace(
            problem, notes=(*problem.notes, *(f"the base: {one}" for one in space.warnings))
        )
        return with_space(problem, space, progress=work.progress), space, {}
    found, notes = learn_linear(problem, work)
    problem = replace(problem, notes=(*problem.notes, *notes))
    if found is None:
        return problem, None, {}
    problem = with_space(problem, found, progress=work.progress)
    rows = len(problem.splits.train) + len(problem.unlabelled)
    return problem, found, {"space": {"recipe": "canonical correlations", "rows": rows}}


def _label_curve(problem: Problem, work: Work) -> dict[str, Any]:
    """Return the label curve where it is wanted; {} where vectors knew the targets of all rows."""
    knowing = work.base is not None and problem.target in work.base.inputs
    wanted = work.label_curve and work.baselines and work.scores
    if not wanted or knowing or has_tuned(problem):
        return {}
    left = work.timetable.left()
    seconds = curve_seconds(None if left is None else min(work.budget.amount, left))
    return measure_label_curve(problem, seed=work.seed, seconds=seconds, progress=work.progress)


def _num_labels(problem: Problem, folds: np.ndarray | None) -> int:
    """Return how many labels the shipped model learned from."""
    return len(problem.splits.train) + (0 if folds is None else len(problem.splits.validation))


def _assemble(
    problem: Problem,
    deep: DeepResult,
    base_models: BaseModels,
    choice: Choice,
    shown: Mapping[str, Codec],
) -> Model:
    simple = [name for name in choice.weights if name != DEEP]
    systems = deep.systems if DEEP in choice.weights else ()
    ensemble = Ensemble(
        codecs={name: problem.codecs[name] for name in problem.columns},
        target=problem.target_codec,
        weights=choice.weights,
        base_models={name: base_models.fitted[name] for name in simple},
        features=base_models.features if simple else None,
        config=systems[0].config if systems else None,
        tensors=tensors_of_all(systems),
        evidence=evidence_of(systems),
    )
    return Model(
        schema=problem.table.schema,
        input_columns=problem.input_columns,
        target=problem.target,
        parts=ensemble,
        derived_columns=problem.derived_columns,
        shown={**shown, **{name: problem.codecs[name] for name in problem.inputs}},
    )
