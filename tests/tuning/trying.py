"""A trier that needs no fit: how well settings do is a made-up truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

import numpy as np

from plait.errors import UsageError
from plait.fitting.setup.dimensions import DIMENSIONS
from plait.networks.config import SIZES
from plait.train.budget import Budget
from plait.tuning.folds import Fold
from plait.tuning.journal import Journal
from plait.tuning.judged import Judged
from plait.tuning.plan import Plan
from plait.tuning.search import Search

NUM = 90


class MeanJudge:
    """Judges by the mean of outputs."""

    def metrics(self, outputs, truth):
        return {"error": float(np.mean(outputs))}

    def cost(self, outputs, truth):
        return np.asarray(outputs[:, 0], float)

    def lower_is_better(self, metric):
        return True


def folds(prefix="", seed=0):
    order = np.random.default_rng(seed).permutation(NUM)
    parts = np.array_split(order, 3)
    return [
        Fold(f"{prefix}{i}", np.setdiff1d(order, held), np.sort(held), np.sort(held))
        for i, held in enumerate(parts)
    ]


class FakeTrier:
    """Costs of rows: what `worth` says of the settings, and noise of the row and the trial.

    `stop_after` fits it is stopped, as by Ctrl-C.
    """

    def __init__(self, worth: Callable[[Mapping[str, Any]], float], seed=0, stop_after=None):
        self.worth, self.seed, self.stop_after = worth, seed, stop_after
        self.calls: list[tuple[str, str]] = []

    def __call__(self, settings, budget, fold):
        if self.stop_after is not None and len(self.calls) >= self.stop_after:
            raise KeyboardInterrupt
        self.calls.append((str(settings), fold.name))
        if settings.get("fusion") == "late":
            raise UsageError("this does not work here")
        rng = np.random.default_rng([self.seed, crc32(f"{settings}{fold.name}".encode())])
        rows = np.random.default_rng([self.seed, 5]).normal(0, 1, NUM)[fold.held]
        costs = 3.0 + rows + self.worth(settings) + rng.normal(0, 0.3, len(fold.held))
        weight = 2.0 if settings.get("simple") else 5.0
        return Judged(
            MeanJudge(), costs[:, None], np.zeros(len(costs)), fold.groups, costs, 0.1, 1.0,
            "estimated", weight, weight, 0.01,
        )  # fmt: skip


def search(folder, trier, *, trials=12, names=None, budget="8 steps", objectives=("score",)):
    free = [one for one in DIMENSIONS if names is None or one.name in names]
    journal = Journal(folder, free, num_objectives=len(objectives), seed=0, startup=4)
    plan = Plan.of(Budget.parse(budget), trials)
    return Search(journal, plan, folds(), trier, SIZES["tiny"], objectives)
