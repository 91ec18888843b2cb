"""What learning a shared space is told and comes to; the space in closed form needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plait.baselines.linear_space import LinearSpace
from plait.errors import UsageError
from plait.fitting.setup.problem import Problem
from plait.model.shared_space import SharedSpace
from plait.networks.config import SystemConfig
from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.result import TrainResult

LINEAR_DIM = 256
"""Most dimensions of a space in closed form."""


@dataclass(frozen=True, kw_only=True)
class SharedPlan:
    """Settings of learning a shared space.

    Attributes:
        config: Network sizes.
        train: Training settings.
        budget: For all of it.
        rows: Row numbers to learn from.
        rows_validation: Row numbers to choose by.
        seed, device: See `plait.train.loop.train`.
        folder: Where checkpoints go; None writes none.
        start: Weights to start from; None draws them from `seed`.
        end: When all of it must be done, of `time.monotonic`; None where the budget is not a time.
    """

    config: SystemConfig
    train: TrainConfig
    budget: Budget
    rows: np.ndarray
    rows_validation: np.ndarray
    seed: int
    device: str
    folder: Path | None = None
    start: SharedSpace | None = None
    end: float | None = None


@dataclass(frozen=True, kw_only=True)
class SharedResult:
    """A learned space and how it came about.

    Attributes:
        space: The space.
        run: Of its training; None where no network was trained.
        recipe: Which losses were used.
        trials: ``{"recipe", "cost", "chosen"}`` per recipe measured; empty when none was.
        mixes: ``{"network", "linear", "mrr", "chosen"}``: mean reciprocal rank on validation rows
            by the weights of the network's and the linear space's cosines.
        collapse: ``std`` and ``rank`` of the network's vectors of validation rows, which need not
            be those that ship; see `plait.train.latent.spread`.
        notes: What a person should know.
    """

    space: SharedSpace
    run: TrainResult | None
    recipe: str
    trials: list[dict[str, Any]]
    mixes: list[dict[str, Any]]
    collapse: dict[str, float]
    notes: tuple[str, ...]


def closed_form(problem: Problem, plan: SharedPlan, progress: Progress) -> SharedResult:
    """Return the space of canonical correlations alone. Raises `UsageError` where there is none."""
    linear = fit_linear(problem, plan, progress)
    if linear is None:
        raise UsageError(
            "a simple space says what columns share, and no two have values in the same rows",
            expected="two or more columns that occur together",
            received=", ".join(problem.input_columns),
            hint="leave out --simple: the network learns from a single column, too",
        )
    note = "no network was trained: canonical correlations of simple features alone"
    return of_linear(problem, plan, linear[1], note)


def of_linear(problem: Problem, plan: SharedPlan, linear: LinearSpace, note: str) -> SharedResult:
    """Return the space of canonical correlations alone, and why it is alone."""
    codecs = {name: problem.codecs[name] for name in problem.columns}
    space = SharedSpace(
        codecs, dict(problem.input_columns), plan.config, {}, linear=linear, share=0.0
    )
    return SharedResult(
        space=space,
        run=None,
        recipe="canonical correlations",
        trials=[],
        mixes=[],
        collapse={},
        notes=(note,),
    )


def fit_linear(
    problem: Problem, plan: SharedPlan, progress: Progress
) -> tuple[LinearSpace, LinearSpace] | None:
    """Return the canonical correlations of the training rows, and those of all rows.

    None where no two input columns occur together.
    """
    if not occur_together(problem, plan.rows):
        return None
    update = progress.task("canonical correlations", 1.0)
    found = LinearSpace.fit(
        problem.prepared,
        dict(problem.input_columns),
        plan.rows,
        plan.rows_validation,
        dim=LINEAR_DIM,
        seed=plan.seed,
    )
    update(1.0)
    return found


def notes_on_mixes(mixes: Sequence[Mapping[str, Any]], steps: int) -> tuple[str, ...]:
    """Return what is to be said of a network that canonical correlations alone equal.

    Args:
        mixes: As of `SharedResult`.
        steps: For which the network was trained.
    """
    by_share = {one["network"]: one["mrr"] for one in mixes}
    shipped = next((one["network"] for one in mixes if one["chosen"]), None)
    if shipped is None or by_share[0.0] < by_share[1.0]:
        return ()
    alone = f"after {steps:,} {'step' if steps == 1 else 'steps'} the network alone"
    equalled = f"{alone} does not beat canonical correlations of simple features"
    if shipped == 0.0:
        return (f"{equalled}, which ship without it",)
    return (f"{equalled}; the two together do best on validation rows, and ship",)


def occur_together(problem: Problem, rows: np.ndarray) -> bool:
    """Tell whether any two input columns are both present in at least two of the rows."""
    present = [
        np.logical_or.reduce(
            [np.asarray(problem.prepared.columns[c].present)[rows] for c in columns]
        )
        for columns in problem.input_columns.values()
    ]
    return bool((np.sum(present, axis=0) >= 2).sum() >= 2)


def rows_with_input_column(problem: Problem, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return those of the rows that hold at least one input column."""
    rows = np.asarray(rows, np.int64)
    present = [np.asarray(problem.prepared.columns[c].present)[rows] for c in problem.columns]
    return rows[np.logical_or.reduce(present)]
