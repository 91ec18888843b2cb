"""What a fit asks of its network, and what became of it; no torch is needed where there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.fitting.setup.problem import Problem
from plait.fitting.setup.telling import Told
from plait.model.shared_space import SharedSpace
from plait.networks.config import SystemConfig, join_layer
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.result import TrainResult

if TYPE_CHECKING:
    from plait.networks.system import System

LEAST_SECONDS = 0.05
"""A training that has no time left takes a step or two."""


class Form(Enum):
    """How a network is trained and judged; the most thorough first."""

    FOLDS = "a network for each fold, whose mean ships"
    SPLIT = "one network, judged by the rows that it did not learn from"


@dataclass(frozen=True, kw_only=True)
class DeepResult:
    """A trained network and how it came about.

    Attributes:
        systems: The networks whose mean ships, on the CPU, in evaluation mode; none where there was
            no time for one.
        outputs: Its outputs on `rows`, which it did not learn from.
        rows: Row numbers of `outputs`.
        run: Of the training of a shipped network.
        trials: ``fusion``: ``{"join", "cost", "chosen"}`` per kind of fusion measured;
            ``adapted``: ``{"adapt", "cost", "chosen"}`` per way to adapt a base measured.
        adapt: Which of `ADAPTATIONS` was shipped; without a start ``scratch``.
        notes: What a person should know.
        stages: Networks, each with those of `rows` that it did not learn from.
        cut_short: Whether the time ended before it saw every row once.
    """

    systems: tuple[System, ...]
    outputs: np.ndarray
    rows: np.ndarray
    run: TrainResult
    trials: dict[str, Any] = field(default_factory=dict)
    adapt: str = "scratch"
    notes: tuple[str, ...] = ()
    stages: Sequence[tuple[System, np.ndarray]] = ()
    cut_short: bool = False

    @classmethod
    def none(cls, rows: np.ndarray, beside: Mapping[str, np.ndarray], note: str) -> DeepResult:
        """Return that of no network, whose outputs for `rows` would be as wide as those beside."""
        width = next(iter(beside.values())).shape[1]
        outputs = np.full((len(rows), width), np.nan, np.float32)
        run = TrainResult(0, 0.0, "", 0.0, 0.0, [])
        return cls(systems=(), outputs=outputs, rows=rows, run=run, notes=(note,))

    def among(self, judged: np.ndarray) -> DeepResult:
        """Return it compared on no other rows than the simple models are; row numbers."""
        kept = np.isin(self.rows, judged)
        rows = self.rows[kept]
        stages = [(system, np.intersect1d(known, rows)) for system, known in self.stages]
        note = (
            f"the network was compared on {len(rows):,} of the {len(judged):,} rows: from the "
            "others it learned, together with other targets"
        )
        notes = (*self.notes, note) if len(rows) < len(judged) else self.notes
        return replace(self, rows=rows, outputs=self.outputs[kept], stages=stages, notes=notes)


@dataclass(frozen=True, kw_only=True)
class DeepPlan:
    """Settings of the deep model's part of a fit.

    Attributes:
        config: Network sizes.
        fusion: ``auto``, a name, or a layer.
        train: Training settings.
        budget: For all of it.
        folds: Fold number of each row of `learn`; None validates on `rows_validation`.
        seed, device: See `plait.train.loop.train`.
        folder: Where checkpoints go; None writes none.
        start: A shared space whose weights are at hand.
        adapt: ``auto``, or one of `ADAPTATIONS`.
        end: When it must all be done, of `time.monotonic`; None where the budget is not a time.
        answering: Seconds in which the network answers one row, where that is known.
        step: Seconds of a training step, where that is known.
        form: Of training, where there are folds.
        told: Fits what simple models know, for each network from the rows that it learns from;
            None for networks that are told nothing.
    """

    config: SystemConfig
    fusion: str | int
    train: TrainConfig
    budget: Budget
    folds: np.ndarray | None
    seed: int
    device: str
    folder: Path | None
    start: SharedSpace | None = None
    adapt: str = "auto"
    end: float | None = None
    answering: float = 0.0
    step: float = 0.0
    form: Form = Form.FOLDS
    told: Told | None = None

    def part(self, share: float, num_answered: int) -> Budget:
        """Return a share of what is left, less the time to answer so many rows afterwards."""
        if self.end is None:
            return self.budget.share(share)
        left = max(self.end - time.monotonic(), 0.0) * share - self.answering * num_answered
        return Budget(max(left, LEAST_SECONDS), "seconds")


def settled(plan: DeepPlan) -> DeepPlan:
    """Return the plan of a network from scratch with its fusion settled: as given, or mid."""
    fusion = "mid" if plan.fusion == "auto" else plan.fusion
    config = replace(plan.config, join=join_layer(fusion, plan.config.depth)).check()
    return replace(plan, config=config)


def learn_rows(problem: Problem) -> np.ndarray:
    """Return the rows that are learned from where they are cross-fitted."""
    return np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
