"""Fit without a target: learns the shared space, scores retrieval, and makes the model."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from plait.data.cautions import caution
from plait.data.contents import content_numbers
from plait.fitting.encoders.found_encoders import add_found
from plait.fitting.records.records import make_space_card
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.fitting.space.space_map import make_map
from plait.fitting.space.space_plan import (
    SharedPlan,
    SharedResult,
    closed_form,
    rows_with_input_column,
)
from plait.model.directions import score_space
from plait.model.model import Model
from plait.model.shared_space import SharedSpace
from plait.model.space_check import check_space
from plait.networks.config import SystemConfig, choose_size, join_layer
from plait.train.budget import Budget

RESERVE_SHARE, RESERVE_SECONDS, MAP_SECONDS = 0.05, 3.0, 5.0


def learn_shared(problem: Problem, work: Work) -> tuple[Model, dict[str, Any]]:
    """Return the model of a problem's shared space, and its records: metrics, map of the space."""
    with work.timetable.part("encoders"):
        problem, encoders = add_found(problem, work)
    plan = SharedPlan(
        config=shared_config(work),
        train=work.train.for_pairs(len(problem.splits.train)),
        budget=_budget_left(work),
        rows=rows_with_input_column(problem, problem.splits.train),
        rows_validation=rows_with_input_column(problem, problem.validation),
        seed=work.seed,
        device=work.device,
        folder=work.folder,
        end=_end(work),
    )
    found = _learned(problem, plan, work)
    model = Model(
        schema=problem.table.schema,
        input_columns=problem.input_columns,
        target=None,
        shared=found.space,
        derived_columns=problem.derived_columns,
        shown={name: problem.codecs[name] for name in problem.inputs},
    )
    records = _records(problem, found, seed=work.seed, samples=work.config.samples)
    records["metrics"] |= encoders
    model.card = make_space_card(problem, records["metrics"])
    return model, records


def _learned(problem: Problem, plan: SharedPlan, work: Work) -> SharedResult:
    """Learn the space; torch is loaded where a network is wanted."""
    if work.simple:
        return closed_form(problem, plan, work.progress)
    from plait.fitting.space.pretrain import learn_space

    return learn_space(problem, plan, work.progress)


def shared_config(work: Work) -> SystemConfig:
    """Return the sizes: ``auto`` takes ``small``; columns meet in the middle."""
    config = choose_size("small" if work.size == "auto" else work.size, 0)
    fusion = "mid" if work.fusion == "auto" else work.fusion
    return replace(config, join=join_layer(fusion, config.depth)).check()


def _budget_left(work: Work) -> Budget:
    """Return what is left when reading had its time and scoring will have."""
    if not work.budget.timed:
        return work.budget
    return Budget(max(_seconds_left(work), 0.3 * work.budget.amount), "seconds")


def _seconds_left(work: Work) -> float:
    reserve = RESERVE_SHARE * work.budget.amount + RESERVE_SECONDS
    reserve += MAP_SECONDS if work.config.samples else 0.0
    return work.budget.amount - work.meter.seconds - reserve


def _end(work: Work) -> float | None:
    """Return when learning must be done, so that scoring has its time."""
    if not work.budget.timed:
        return None
    return time.monotonic() + _seconds_left(work)


def _records(problem: Problem, found: SharedResult, *, seed: int, samples: bool) -> dict[str, Any]:
    rows = problem.judged
    contents = {
        name: content_numbers(problem.prepared, columns)[rows]
        for name, columns in problem.input_columns.items()
    }
    vectors, present = found.space.input_column_vectors(problem.prepared, rows)
    scored = score_space(vectors, present, contents, problem.groups[rows])
    check = check_space(vectors, present, contents, problem.groups[rows])
    found.space.check = check
    metrics = {
        "shipped": f"shared space ({_ingredients(found)})",
        "test": {"rows": len(rows), **scored},
        "trials": found.trials,
        "mixes": found.mixes,
        "collapse": check.to_dict(),
        "warnings": [
            *(caution("space", "", text) for text in check.warnings),
            *problem.warnings,
        ],
        "num_parameters": _num_parameters(found.space),
        "curve": [] if found.run is None else found.run.curve,
        "training": _training(found),
        "notes": [*check.notes, *problem.notes, *found.notes, *_judged_note(problem)],
    }
    records: dict[str, Any] = {"metrics": metrics}
    if samples:
        records["map"] = make_map(problem, rows, vectors, present, seed=seed)
    return records


def _training(found: SharedResult) -> dict[str, Any]:
    run = found.run
    if run is None:
        return {}
    return {
        "steps": run.steps,
        "precision": run.precision,
        "rows_per_second": run.rows_per_second,
        "wait_share": run.wait_share,
        **{f"network_{name}": value for name, value in found.collapse.items()},
    }


def _ingredients(found: SharedResult) -> str:
    """Return what the vectors are made of: the losses of the network, or its part beside others."""
    space = found.space
    if space.linear is None:
        return found.recipe
    if not space.has_deep:
        return "canonical correlations"
    return f"canonical correlations {1 - space.share:.2f} + network {space.share:.2f}"


def _num_parameters(space: SharedSpace) -> int:
    """Return the weights that a vector is computed with."""
    deep = sum(array.size for array in space.tensors.values()) if space.has_deep else 0
    linear = {} if space.linear is None else space.linear.projections
    return deep + sum(one.matrix.size for one in linear.values())


def _judged_note(problem: Problem) -> tuple[str, ...]:
    if len(problem.splits.test):
        return ()
    return ("no rows were set aside as a test: the numbers are from validation rows",)
