"""The problem of a student: the teacher's table read anew by its raw columns, and its lessons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plait.baselines.cross_validation import MIN_ROWS, inner_folds
from plait.compress.cross_fitted import cross_fitted
from plait.compress.lessons import Lessons, answers_as_truth
from plait.compress.teacher import Teacher
from plait.data.prepared import Prepared
from plait.errors import UsageError
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.problem import Problem, make_problem
from plait.fitting.setup.timetable import Timetable
from plait.progress import Progress

FEW = 0.5
"""Of the rows to learn from: with answers to fewer, a teacher is fitted again by folds."""

CHOOSING_SHARE, MOST_CHOOSING, LEAST_CHOOSING = 0.2, 2000, 30
"""Of the rows to learn from, that choose among students: a share, at most and at least so many."""


def student_problem(
    teacher: Teacher, *, seed: int, progress: Progress, timetable: Timetable
) -> Problem:
    """Return the teacher's table made ready to learn from: the raw columns that the teacher reads.

    Codecs are fitted anew to the training rows; the target's is the teacher's, whose outputs stand
    in its order.
    """
    model = teacher.model
    said = model.records.get("lineage", {}).get("said", {})
    known = {*model.inputs, str(model.target)}
    problem = make_problem(
        teacher.table,
        target=model.target,
        exclude=[c.name for c in teacher.table.schema.columns if c.name not in known],
        rows=Rows(group=model.group, weights=said.get("weights")),
        seed=seed,
        progress=progress,
        timetable=timetable,
        splits=teacher.splits,
    )
    return _in_the_teachers_order(teacher, problem)


def _in_the_teachers_order(teacher: Teacher, problem: Problem) -> Problem:
    """Return the problem with the teacher's codec of the target."""
    target, codec = str(problem.target), teacher.model.target_codec
    if problem.codecs[target] == codec:
        return problem
    rows = np.flatnonzero(problem.labelled)
    told = teacher.model.truth(teacher.prepared, rows)
    truth = np.zeros((len(problem.labelled), *told.shape[1:]), told.dtype)
    truth[rows] = told
    columns = {**problem.prepared.columns, target: teacher.prepared.columns[target]}
    return replace(
        problem,
        codecs={**problem.codecs, target: codec},
        prepared=Prepared(columns, problem.prepared.num_rows),
        truth=truth,
    )


def make_lessons(
    teacher: Teacher,
    problem: Problem,
    *,
    seed: int,
    cross_fit: bool = False,
    deadline: float | None = None,
) -> Lessons:
    """Return what there is to learn for a student of a problem.

    Args:
        teacher, problem: Of the student.
        seed: Of samples and folds.
        cross_fit: Whether the teacher's simple models are fitted again, by folds, where it says
            something of few of the training rows.
        deadline: Of `time.monotonic`, for that.

    Raises `UsageError` where the teacher says nothing of any row that it does not know by heart.
    """
    said = teacher.answers(seed=seed)
    said[problem.splits.test] = np.nan
    known = ~np.isnan(said).any(axis=1)
    if not known.any():
        raise UsageError(
            "this bundle keeps no out-of-fold answers, and a student must not learn what its "
            "teacher knows by heart",
            expected="a bundle that this plait fitted, or rows that the teacher never saw",
            hint="fit again; or give other rows, and say so: unseen=True",
        )
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    if cross_fit and known[rows].mean() < FEW:
        more = cross_fitted(teacher, problem, seed=seed, deadline=deadline)
        said = said if more is None else np.where(known[:, None], said, more)
        known = ~np.isnan(said).any(axis=1)
    fresh = np.setdiff1d(np.flatnonzero(known & ~problem.labelled), problem.splits.test)
    truth = problem.truth.copy()
    if len(fresh):
        truth[fresh] = answers_as_truth(problem.target_codec.form, said[fresh])
    return Lessons(np.union1d(rows, fresh), truth, said, problem.target_codec)


def choosing_rows(problem: Problem, *, seed: int) -> np.ndarray:
    """Return the labelled rows that choose among students, whole groups, ascending.

    Raises `UsageError` where there are too few rows to choose by.
    """
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    share = min(CHOOSING_SHARE, MOST_CHOOSING / max(len(rows), 1))
    share = max(share, min(0.5, LEAST_CHOOSING / max(len(rows), 1)))
    groups = problem.groups[rows]
    if len(np.unique(groups)) < MIN_ROWS:
        raise UsageError(
            "too few rows to choose among students",
            expected=f"at least {MIN_ROWS} rows, or groups of rows, with a target",
            received=str(len(np.unique(groups))),
        )
    folds = inner_folds(problem.truth[rows], seed=seed, groups=groups, small=0, share=share)
    return rows[folds[0][1]]
