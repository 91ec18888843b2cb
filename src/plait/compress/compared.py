"""Compares a student with its teacher on the same rows, and tells a bundle how it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.compress.lessons import Lessons, agreement
from plait.compress.students import Learned, Student
from plait.compress.teacher import Teacher
from plait.fitting.choice.choose import Choice
from plait.fitting.records.records import counted, make_card, make_lineage
from plait.fitting.setup.problem import Problem
from plait.model.bundling import files_of
from plait.model.ensemble import DEEP
from plait.model.judges import OutputJudge
from plait.model.model import Model
from plait.model.paired import paired_gap
from plait.model.scores import intervals_of
from plait.report.model_verdict import verdict_of


def share_kept(one: float, base: float, *, lower_is_better: bool) -> float | None:
    """Return the part of a score that another one has, of an error the inverse of its growth; None
    where that has no meaning: of a score of 0 or less."""
    above, below = (base, one) if lower_is_better else (one, base)
    if one == base:
        return 1.0
    return above / below if below > 0 else None


def compare(
    judge: OutputJudge,
    student: np.ndarray,
    teacher: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
) -> dict[str, Any]:
    """Return how a student does beside its teacher on rows that neither learned from.

    ``metric`` is the headline; ``student`` and ``teacher`` are its values, ``gap`` the student's
    less the teacher's with the 95 % ``interval`` of it by paired draws of rows, ``share`` the part
    of the teacher's value that the student has (of an error the inverse), ``agreement`` how far
    both answer alike (see `plait.compress.lessons.agreement`), ``rows`` how many rows. {} where the
    teacher says nothing of any.

    Args:
        judge: Of the target.
        student, teacher: Canonical outputs ``[row, output]`` of the same rows; rows of which a
            teacher says NaN are left out.
        truth: Of the rows.
        groups: int ``[row]``: rows of one number are not independent.
    """
    known = np.flatnonzero(~np.isnan(teacher).any(axis=1))
    if not len(known):
        return {}
    student, teacher, truth = student[known], teacher[known], truth[known]
    found = paired_gap(judge, student, teacher, truth, groups[known])
    return {
        "metric": found.metric,
        "student": found.first,
        "teacher": found.second,
        "gap": found.gap,
        "interval": found.interval,
        "share": share_kept(found.first, found.second, lower_is_better=found.lower_is_better),
        "agreement": agreement(judge.codec.form, student, teacher),
        "rows": len(known),
    }


def make_records(
    model: Model,
    teacher: Teacher,
    problem: Problem,
    lessons: Lessons,
    tried: Sequence[Student],
    learned: Mapping[str, Learned],
    choosing: np.ndarray,
    chosen: np.ndarray,
    settings: Mapping[str, Any],
) -> None:
    """Give a student's model the records of its bundle: scores, how it was made, whence it is.

    How rows were split stands in the teacher's bundle: of many rows it would be most of this one.

    Args:
        model: The student.
        teacher, problem, lessons: What it learned.
        tried: All students.
        learned: What ships of those that were chosen.
        choosing: Rows that chose.
        chosen: What the choice says of these, by members that did not learn from them.
        settings: Of the distillation, in words.
    """
    has_test = bool(len(problem.splits.test))
    rows = problem.judged if has_test else choosing
    truth, groups = problem.truth[rows], problem.groups[rows]
    mine = model.ensemble.outputs(problem.prepared, rows) if has_test else chosen
    theirs = teacher.outputs(rows) if has_test else lessons.said[rows]
    judge = model.ensemble.judge
    scored = model.score_rows(problem.prepared, rows, truth, groups=groups, outputs=mine)
    beside = compare(judge, mine, theirs, truth, groups)
    truth, groups = problem.truth[choosing], problem.groups[choosing]
    held = compare(judge, chosen, lessons.said[choosing], truth, groups)
    metrics = _metrics(model, problem, tried, learned, choosing, scored)
    if not has_test:
        metrics["notes"].append(
            "no rows were set aside as a test: the numbers are from the rows that chose the student"
        )
    model.schema = counted(model.schema, problem.prepared)
    model.records = {
        "metrics": metrics,
        "lineage": make_lineage(problem, {}, {}),
        "licences": list(teacher.model.records.get("licences") or []),
    }
    model.card = make_card(problem, metrics, verdict_of(model, metrics))
    files = files_of(teacher.model)
    sizes = {"teacher": _megabytes(files), "student": _megabytes(files_of(model))}
    model.records["compression"] = {
        "method": "distilled",
        "teacher": {
            "sha256": _digest(files),
            "shipped": teacher.model.records.get("metrics", {}).get("shipped"),
        },
        "shipped": metrics["shipped"],
        "settings": dict(settings),
        "megabytes": sizes | {"share": sizes["student"] / max(sizes["teacher"], 1e-9)},
        "test": beside if has_test else {},
        "choice": held,
        "rows": {
            "learned": len(lessons.rows),
            "taught": int(lessons.known[lessons.rows].sum()),
            "without a target": int((~problem.labelled[lessons.rows]).sum()),
            "chosen by": len(choosing),
        },
    }


def _metrics(
    model: Model,
    problem: Problem,
    tried: Sequence[Student],
    learned: Mapping[str, Learned],
    choosing: np.ndarray,
    scored: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the metrics' record, as a fit with a target has it."""
    judge, truth = model.ensemble.judge, problem.truth[choosing]
    groups, candidates = problem.groups[choosing], []
    costs = {}
    for one in tried:
        cost = float(problem.target_codec.cost(one.outputs, truth).mean())
        costs[one.what] = cost
        candidates.append(
            {
                "name": one.what,
                "cost": cost,
                "metrics": judge.metrics(one.outputs, truth),
                "intervals": intervals_of(judge, one.outputs, truth, groups=groups),
                "seconds": round(one.seconds, 2),
                "megabytes": round(one.num_bytes / 1e6, 3),
                "complete": True,
            }
        )
    network = learned.get(DEEP)
    system, run = (None, None) if network is None else (network.system, network.run)
    weights = model.ensemble.weights
    return {
        "shipped": Choice(weights, {}, ()).shipped,
        "weights": dict(weights),
        "num_parameters": 0 if system is None else system.num_parameters,
        "test": scored,
        "subsets": [],
        "validation": {"costs": costs, "rows": len(choosing), "metrics": {}},
        "candidates": candidates,
        "baselines": [],
        "curve": [] if run is None else run.curve,
        "training": {}
        if system is None or run is None
        else {
            "steps": run.steps,
            "precision": run.precision,
            "rows_per_second": run.rows_per_second,
            "wait_share": run.wait_share,
            "join": system.config.join,
            "adapt": "scratch",
            "num_networks": 1,
            "num_parameters": system.num_parameters,
        },
        "warnings": list(problem.warnings),
        "notes": [
            *problem.notes,
            "distilled from a larger model: the candidates' scores are from training rows that "
            "chose among them",
        ],
    }


def _megabytes(files: Mapping[str, bytes]) -> float:
    return round(sum(map(len, files.values())) / 1e6, 3)


def _digest(files: Mapping[str, bytes]) -> str:
    """Return a hash of a bundle's files, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()
