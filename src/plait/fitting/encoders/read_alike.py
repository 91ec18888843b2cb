"""Adds found encoders to the problems of several targets, which then read the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from plait.data.prepared import Prepared
from plait.fitting.encoders.found_encoders import add_found
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.modalities import PredictiveTarget


def read_alike(problems: Sequence[Problem], work: Work) -> tuple[list[Problem], dict[str, Any]]:
    """Return the problems, all read by every encoder that helps one of them, and the records.

    One target after the other looks for encoders of the columns that none reads yet; generated
    targets look for none, for nothing judges them in time.
    """
    first, records = problems[0], list[dict[str, Any]]()
    found = list(problems)
    for place, problem in enumerate(problems):
        found[place] = problem = _read_as(problem, first)
        if isinstance(problem.goal, PredictiveTarget):
            own = replace(
                work,
                timetable=work.timetable.share(1 / len(problems)),
                folder=work.folder and work.folder / f"target-{place + 1}",
            )
            found[place], told = add_found(problem, own)
            records += told.get("encoders", [])
            first = found[place]
    return [_read_as(problem, first) for problem in found], {"encoders": records} if records else {}


def _read_as(problem: Problem, other: Problem) -> Problem:
    """Return a problem whose inputs are read as those of another one of the same table are."""
    columns = {name: other.prepared.columns[name] for name in other.columns}
    return replace(
        problem,
        input_columns=other.input_columns,
        codecs={**problem.codecs, **{name: other.codecs[name] for name in other.columns}},
        prepared=Prepared({**problem.prepared.columns, **columns}, problem.prepared.num_rows),
        derived_columns=other.derived_columns,
    )
