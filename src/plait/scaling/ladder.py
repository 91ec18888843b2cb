"""A ladder of small runs: networks of several sizes, of parts of the rows, without each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.baselines.weighted_statistics import mean_by
from plait.errors import UsageError
from plait.fitting.candidates.label_counts import nested_order
from plait.fitting.network.better_head import leave_better_head
from plait.fitting.network.deep_training import fit_network, make_system
from plait.fitting.setup.deep_plan import DeepPlan, settled
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.telling import Told, tell
from plait.networks.config import SIZES, SystemConfig, choose_size
from plait.networks.torch_runners import system_outputs
from plait.progress import Progress
from plait.scaling.law import Point
from plait.train.budget import Budget
from plait.train.config import TrainConfig

NANO, TINY, SMALL = "nano", "tiny", "small"
CONFIGS: dict[str, SystemConfig] = {
    NANO: SystemConfig(dim=32, depth=1, num_heads=2),
    TINY: SIZES["tiny"],
    SMALL: SIZES["small"],
}
"""Sizes of networks on the ladder."""

RUNGS = (
    (TINY, 0.125), (TINY, 0.25), (TINY, 0.5), (TINY, 1.0),
    (NANO, 0.25), (NANO, 1.0), (SMALL, 0.25), (SMALL, 0.5),
)  # fmt: skip
"""Size and share of the rows of the runs that a law is fitted to."""

HELD_OUT = (SMALL, 1.0)
"""The run that it must foretell."""

WORK = {NANO: 0.5, TINY: 1.0, SMALL: 2.5}
"""Of a step, beside one of the `TINY` network."""

LEAST_ROWS, MOST_COLUMNS = 64, 8
"""Rows to learn from, at least; columns of which it is measured what they add, at most."""

STOP_FOLDS = 7
"""Of so many parts of a run's rows, groups whole, one tells when to stop."""


@dataclass(frozen=True)
class Run:
    """A rung.

    Attributes:
        size: Name of the network's size.
        without: Column that it did not have; "" where it had all.
        point: Its weights, rows and loss.
        steps, seconds: Of its training.
    """

    size: str
    without: str
    point: Point
    steps: int
    seconds: float


class Ladder:
    """Runs networks of one problem.

    Every network is told what simple models know, as in a fit, learns from a stratified part of the
    rows, stops by some of them, and is judged by rows that nothing learned from. Groups stay whole.

    Args:
        problem: Of a predictive target.
        budget: Of all runs together.
        seed: Of draws and weights.
        progress: Told of the work.

    Raises `UsageError` where there are too few rows, or none to judge by.
    """

    def __init__(self, problem: Problem, budget: Budget, seed: int, progress: Progress) -> None:
        self._problem, self._budget, self._seed = problem, budget, seed
        self._progress = progress
        rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
        rows = np.setdiff1d(rows, problem.judged)
        if len(rows) < LEAST_ROWS or not len(problem.judged):
            raise UsageError(
                "too few rows to see what more of them would bring",
                expected=f"{LEAST_ROWS} rows to learn from, and some to judge by",
                received=f"{len(rows)} and {len(problem.judged)}",
            )
        self._order = _in_order(problem, rows, seed)
        seconds = budget.amount if budget.timed else None
        self._told = tell(problem, seconds=seconds, seed=seed)

    @property
    def num_rows(self) -> int:
        """Rows with a target that may be learned from."""
        return len(self._order)

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns that are left out one by one: none where there is one alone."""
        inputs = self._problem.inputs
        return inputs[:MOST_COLUMNS] if len(inputs) > 1 else ()

    def rungs(self) -> list[Run]:
        """Return the runs that a law is fitted to."""
        return [self.run(size, share) for size, share in RUNGS]

    def largest(self) -> Run:
        """Return the run that a law must foretell."""
        return self.run(*HELD_OUT)

    def without_each(self) -> list[Run]:
        """Return runs that lack one input column each."""
        return [self.run(TINY, 1.0, without=name) for name in self.columns]

    def run(self, size: str, share: float, *, without: str = "") -> Run:
        """Train a network and judge it.

        Args:
            size: One of `CONFIGS`.
            share: Of the rows, in (0, 1].
            without: Input column that it does not have; "" for all.
        """
        problem, told = self._problem, self._told
        if without:
            problem, told = self._lacking(without)
        rows = np.sort(self._order[: max(LEAST_ROWS // 2, round(share * len(self._order)))])
        folds = fold_numbers(problem.groups[rows], problem.truth[rows], STOP_FOLDS, self._seed)
        stop = rows[folds == 0]
        plan = settled(
            DeepPlan(
                config=choose_size(CONFIGS[size], len(rows)),
                fusion="mid" if len(problem.columns) > 1 else "early",
                train=TrainConfig(),
                budget=self._budget.share(self._share(size, share)),
                folds=None,
                seed=self._seed,
                device="cpu",
                folder=None,
                told=told,
            )
        )
        learned = np.setdiff1d(rows, stop)
        system = make_system(problem, plan, learned)
        name = f"{size}, {len(rows):,} rows" + (f", without {without}" if without else "")
        result = fit_network(problem, plan, system, learned, name, self._progress, stop)
        outputs = system_outputs(system, problem.prepared, stop)
        leave_better_head(problem, [system], outputs, stop)
        said = system_outputs(system, problem.prepared, problem.judged)
        truth = problem.truth[problem.judged]
        known = problem.target_codec.form.known(truth)
        loss = float(mean_by(problem.target_codec.cost(said[known], truth[known]), None))
        point = Point(float(system.num_parameters), float(len(rows)), loss)
        return Run(size, without, point, result.steps, result.seconds)

    def _lacking(self, column: str) -> tuple[Problem, Told | None]:
        """Return the problem without an input column, and what simple models tell of the rest."""
        inputs = {n: c for n, c in self._problem.input_columns.items() if n != column}
        problem = replace(self._problem, input_columns=inputs)
        seconds = self._budget.amount if self._budget.timed else None
        return problem, None if self._told is None else tell(
            problem, seconds=seconds, seed=self._seed
        )

    def _share(self, size: str, share: float) -> float:
        """Return a run's part of the budget: by its rows and the work of a step."""

        def work(size: str, share: float) -> float:
            return WORK[size] * (0.3 + 0.7 * share)

        every: Sequence[tuple[str, float]] = [*RUNGS, HELD_OUT, *[(TINY, 1.0)] * len(self.columns)]
        if not self._budget.timed:
            return 1.0
        return work(size, share) / sum(work(*one) for one in every)


def _in_order(problem: Problem, rows: np.ndarray, seed: int) -> np.ndarray:
    """Return rows in an order whose every beginning holds whole groups, but for the last of it, and
    is stratified by the target of each group's first row."""
    _, firsts, which = np.unique(problem.groups[rows], return_index=True, return_inverse=True)
    strata = problem.target_codec.form.strata(problem.truth[rows[firsts]])
    place = np.empty(len(firsts), np.int64)
    place[nested_order(strata, seed)] = np.arange(len(firsts))
    found: np.ndarray = rows[np.argsort(place[which.reshape(-1)], kind="stable")]
    return found
