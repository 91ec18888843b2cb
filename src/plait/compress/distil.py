"""Distils a predictive model into one small student that reads the raw columns alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.compress.compared import make_records
from plait.compress.settings import Distilling
from plait.compress.student_features import StudentFeatures
from plait.compress.student_problem import choosing_rows, make_lessons, student_problem
from plait.compress.students import Learned, Student, choose_students, ensemble_of, one_network
from plait.compress.teacher import Teacher
from plait.compress.trials import Trials
from plait.compress.word_tables import most_words, with_words, word_bytes
from plait.energy import Meter
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.timetable import Timetable
from plait.fitting.setup.work import choose_device
from plait.model.calibration import Calibration, fit_calibration, with_input_columns
from plait.model.held_out import HeldOutRows
from plait.model.model import Model
from plait.progress import SILENT, Progress
from plait.threads import few_threads
from plait.train.budget import Budget

WORDS_SHARE = 0.15
"""Of the time: for asking the teacher's encoders of texts what words mean."""

TEACHER_SHARE = 0.25
"""Of the time: for fitting the teacher's simple models again, where that is called for."""


def distil(
    teacher: Teacher,
    *,
    budget: str | float | Budget = "2m",
    progress: Progress = SILENT,
    problem: Problem | None = None,
    **settings: Any,
) -> Model:
    """Return a small model of the teacher's target that reads the teacher's raw columns alone.

    It learns truth, and what the teacher says of rows that it does not know by heart. Several
    students are tried on a part of the training rows; what is best on rows that none of them
    learned from learns all rows, and is judged beside the teacher by rows of the test, which
    nothing was learned or chosen by: ``records["compression"]`` tells.

    Args:
        teacher: See `Teacher`.
        budget: Of all of it when timed, of each network's training otherwise.
        progress: Told of the work.
        problem: Of the student, where that is known already; see `student_problem`.
        settings: Those of `Distilling`.

    Raises:
        UsageError: Settings without meaning; no student is small enough; too few rows; a bundle
            that keeps no answers that a student may learn.
    """
    asked = Distilling(**settings)
    asked.check()
    with few_threads(teacher.table.num_rows):
        return _distil(teacher, asked, Budget.parse(budget), progress, problem)


def _distil(
    teacher: Teacher,
    asked: Distilling,
    budget: Budget,
    progress: Progress,
    problem: Problem | None,
) -> Model:
    meter, timetable = Meter(tracked=True), Timetable.of(budget)
    device = choose_device(asked.device, simple=not asked.has_network)
    with timetable.part("reading"):
        problem = problem or student_problem(
            teacher, seed=asked.seed, progress=progress, timetable=timetable
        )
        choosing = choosing_rows(problem, seed=asked.seed)
    most = None if asked.max_mb is None else asked.max_mb * 1e6
    with timetable.part("words"):
        problem = with_words(
            problem,
            teacher,
            most=most_words(asked.words, most),
            deadline=timetable.until(WORDS_SHARE),
            progress=progress,
        )
    with timetable.part("teacher"):
        lessons = make_lessons(
            teacher,
            problem,
            seed=asked.seed,
            cross_fit=asked.cross_fit,
            deadline=timetable.until(TEACHER_SHARE),
        )
    apart = np.isin(problem.groups[lessons.rows], problem.groups[choosing])
    with timetable.part("features"):
        features = StudentFeatures(problem, np.union1d(lessons.rows, choosing))
    trials = Trials(
        problem=problem,
        lessons=lessons,
        features=features,
        asked=asked,
        budget=budget,
        timetable=timetable,
        device=device,
        progress=progress,
    )
    tried = trials.run(lessons.rows[~apart], choosing)
    able = {one.name: one for one in one_network(problem, tried, choosing)}
    most = None if most is None else most - word_bytes(problem)
    weights = choose_students(problem, list(able.values()), choosing, most)
    chosen = {name: able[name] for name in weights}
    calibration, mixed = _calibrated(problem, chosen, weights, choosing)
    learned = trials.again(chosen, lessons.rows)
    model = _assemble(teacher, problem, weights, learned, calibration)
    with timetable.part("scoring"):
        make_records(
            model, teacher, problem, lessons, tried, learned, choosing, mixed, asked.told()
        )
    model.records["metrics"]["seconds"] = timetable.told()
    model.records["energy"] = meter.as_dict()
    return model


def _assemble(
    teacher: Teacher,
    problem: Problem,
    weights: Mapping[str, float],
    learned: Mapping[str, Learned],
    calibration: Calibration | None,
) -> Model:
    ensemble = ensemble_of(problem, weights, learned)
    ensemble.calibration, ensemble.decision = calibration, teacher.ensemble.decision
    return Model(
        schema=problem.table.schema,
        input_columns=problem.input_columns,
        target=problem.target,
        parts=ensemble,
        shown={name: problem.codecs[name] for name in problem.inputs},
        group=teacher.model.group,
        on_error=teacher.model.on_error,
        derived_columns=problem.derived_columns,
    )


def _calibrated(
    problem: Problem,
    chosen: Mapping[str, Student],
    weights: Mapping[str, float],
    choosing: np.ndarray,
) -> tuple[Calibration | None, np.ndarray]:
    """Return the calibration of a mix, by rows that its members did not learn from; and what it
    says of these."""
    mixed = mix_outputs({name: chosen[name].outputs for name in weights}, weights)
    heavy = None if problem.weights is None else problem.weights[choosing].astype(np.float64)
    held = HeldOutRows(
        outputs=mixed,
        truth=problem.truth[choosing],
        present=with_input_columns(problem.prepared, problem.input_columns, choosing),
        groups=problem.groups[choosing],
        hidden=np.zeros(len(choosing), bool),
        weights=heavy,
    )
    found = fit_calibration(problem.target_codec, problem.input_columns, held)
    if found is None:
        return None, mixed
    return found, found.apply(mixed, problem.prepared, choosing)
