"""Tells networks what simple models know, where there are few rows and their features are cheap."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from plait.baselines.evidence import Evidence, RawFeatures, can_tell
from plait.baselines.evidence_fit import span_seconds
from plait.fitting.setup.problem import Problem
from plait.spacing import even_sample

MAX_ROWS = 30_000
"""With more rows, a network finds by itself what simple models would tell: of 60,000 pictures it
knew more after a minute without (docs/log.md, 2026-11-29)."""

LEAST_GROUPS = 12
"""With fewer groups of rows, a fit without one of them tells nothing."""

MOST_SHARE = 0.35
"""Of a timed budget, making the features of its rows and fitting them may take no more."""

PILOT_ROWS = 32


@dataclass(frozen=True)
class Told:
    """Fits the evidence of a problem for rows that a network learns from.

    Attributes:
        problem: Its columns, target and groups.
        raw: Features of all rows that are learned from or validated on.
        seed: Of the choice of rows, where there are many.
    """

    problem: Problem
    raw: RawFeatures
    seed: int

    def fit(self, rows: np.ndarray) -> Evidence:
        """Return the evidence by a fit to some rows."""
        problem = self.problem
        rows = np.sort(rows)
        return Evidence.fit(
            self.raw,
            problem.prepared,
            rows,
            problem.truth[rows],
            problem.target_codec,
            problem.groups[rows],
            seed=self.seed,
        )

    def again(self, evidence: Evidence) -> Evidence:
        """Return evidence that another process fitted, with the features that are made already."""
        return Evidence(evidence.scales, evidence.maps, evidence.num_outputs, self.raw)


def tell(problem: Problem, *, seconds: float | None, seed: int, num_fits: int = 1) -> Told | None:
    """Return what fits evidence for a problem's networks, or None where it would not pay.

    Args:
        problem: Its rows.
        seconds: Of the networks' budget; None where that is not a time.
        seed: See `Told`.
        num_fits: One after the other: one for each network, several at once counted as one.
    """
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    few = len(np.unique(problem.groups[rows])) < LEAST_GROUPS
    if few or len(rows) > MAX_ROWS or not can_tell(problem.target_codec, problem.truth[rows]):
        return None
    some = even_sample(rows, PILOT_ROWS)
    began = time.monotonic()
    pilot = RawFeatures(problem.prepared, problem.columns, some)
    made = [pilot.of(problem.prepared, n, pilot.plans[n], some) for n in problem.columns]
    needed = (time.monotonic() - began) / len(some) * len(rows)
    dense = sum(one.dense.shape[1] for one in made)
    sparse = sum(len(one.sparse.values) for one in made) / len(some)
    if seconds is not None:
        needed += num_fits * span_seconds(len(rows), len(made), dense, sparse)
    if seconds is not None and needed > MOST_SHARE * seconds:
        return None
    return Told(problem, RawFeatures(problem.prepared, problem.columns, rows), seed)
