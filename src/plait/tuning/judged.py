"""Fits one setting to a fold and judges it: costs of rows held out, size, time and energy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from plait.bundle import size_mb
from plait.data.table import Table
from plait.energy import Meter
from plait.fitting.records.answering import as_shipped, rows_to_ask, time_answers
from plait.footprint import of_thousand
from plait.modalities import Asked
from plait.model.judges import Judge
from plait.model.model import Model
from plait.train.budget import Budget
from plait.tuning.folds import Fold, split_settings
from plait.writing import spare_folder

LEAST_TIMES, TIMED_SECONDS = 16, 0.2
"""Answers that are timed of a trial, and seconds after which it is enough."""

COST = "cost"
"""What is searched by where no metric is named: the proper cost, by which a fit chooses too."""


Fit = Callable[..., Model]
"""Learns from a table: `plait.fit`."""


@dataclass(frozen=True)
class Judged:
    """One fit, on rows that it did not see.

    Attributes:
        judge: Of the target.
        outputs, truth: Of the rows held out.
        groups: int ``[held]``: rows of one number are not independent.
        costs: float64 ``[held]``.
        seconds, joules, method: Of the fit, and how the joules are known.
        mb: Megabytes of its bundle.
        ms, answer_joules: Of the answer to one row.
    """

    judge: Judge
    outputs: np.ndarray
    truth: np.ndarray
    groups: np.ndarray
    costs: np.ndarray
    seconds: float
    joules: float
    method: str
    mb: float
    ms: float
    answer_joules: float


class Trier(Protocol):
    """Fits settings to a fold, and judges that."""

    def __call__(self, settings: Mapping[str, Any], budget: Budget, fold: Fold) -> Judged: ...


@dataclass(frozen=True)
class FoldTrier:
    """Tries settings by fits to a table.

    Attributes:
        fit: Learns from a fold's table.
        table: All rows.
        target: Column to predict.
        fixed: Settings of every fit.
        group, weights: As the person said them.
        seed: Of every fit.
    """

    fit: Fit
    table: Table
    target: str
    fixed: Mapping[str, Any]
    group: str | None
    weights: str | None
    seed: int

    def __call__(self, settings: Mapping[str, Any], budget: Budget, fold: Fold) -> Judged:
        """Fit settings to a fold's rows, and judge them by those that are held out.

        Raises `PlaitError` for settings that do not work here.
        """
        meter = Meter()
        model = self.fit(
            fold.table(self.table),
            target=self.target,
            budget=budget,
            seed=self.seed,
            scores=False,
            samples=False,
            progress=False,
            **{**self.fixed, **settings, **split_settings(self.group, self.weights)},
        )
        seconds, (joules, method) = meter.seconds, meter.energy()
        outputs, truth = answers_of(model, self.table, fold.held)
        mb, ms, answer_joules = _as_it_ships(model, self.table, fold.held)
        judge = model.predictor.judge
        costs = np.asarray(judge.cost(outputs, truth), np.float64)
        return Judged(
            judge, outputs, truth, fold.groups, costs, seconds, joules, method, mb, ms,
            answer_joules,
        )  # fmt: skip


def answers_of(model: Model, table: Table, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a model says of rows of a table, and the truth."""
    prepared = model.prepare(model.as_table(table.take(rows)), target=True, keep=False)
    every = np.arange(len(rows))
    return model.predictor.outputs(prepared, every, Asked(apart=True)), model.truth(prepared, every)


def _as_it_ships(model: Model, table: Table, rows: np.ndarray) -> tuple[float, float, float]:
    """Return megabytes, milliseconds of one row, and its joules, of a bundle that was written."""
    asked = rows_to_ask(table, model.inputs, rows)
    with spare_folder() as folder:
        path = model.save(Path(folder) / "trial.plait")
        model.path = None
        answer, _ = as_shipped(path, model, asked[0], table.root)
        found = time_answers(answer, asked, least=LEAST_TIMES, seconds=TIMED_SECONDS)
        return size_mb(path), found.ms, found.joules


def summary_of(judged: Sequence[Judged], metric: str | None) -> dict[str, Any]:
    """Return what a trial's folds tell together, JSON-ready.

    Returns:
        ``score`` (lower is better: the cost, or the metric turned so), ``shown`` (the same, not
        turned), ``cost`` of a row, ``metrics`` (the headline first, in the mean over folds),
        ``mb``, ``ms``, ``wh`` (of 1,000 answers), ``method``, ``seconds`` and ``joules`` of the
        fits, and ``rows`` that judged.
    """
    counts = [len(one.costs) for one in judged]
    costs = np.concatenate([one.costs for one in judged])
    scored = [one.judge.metrics(one.outputs, one.truth) for one in judged]
    metrics = {
        name: float(np.average([one[name] for one in scored], weights=counts)) for name in scored[0]
    }
    last = judged[-1]
    cost = float(costs.mean())
    wanted = cost if metric is None else metrics[metric]
    less = metric is None or last.judge.lower_is_better(metric)
    return {
        "score": wanted if less else -wanted,
        "shown": wanted,
        "cost": cost,
        "metrics": {n: v for n, v in metrics.items() if math.isfinite(v)},
        "mb": last.mb,
        "ms": last.ms,
        "wh": of_thousand(last.answer_joules, last.method)["wh_per_1000"],
        "method": last.method,
        "seconds": sum(one.seconds for one in judged),
        "joules": sum(one.joules for one in judged),
        "rows": len(costs),
    }
