"""Network students: small networks that learn truth and what a teacher says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from plait.baselines.evidence import Evidence, can_tell
from plait.baselines.weighted_statistics import mean_by
from plait.compress.lessons import Lessons
from plait.compress.student_features import StudentFeatures
from plait.fitting.setup.problem import Problem
from plait.networks.config import SystemConfig
from plait.networks.system import System, with_heads
from plait.networks.torch_runners import system_outputs
from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.distilled import Distilled, Taught
from plait.train.result import TrainResult
from plait.train.shown import train_shown

NUM_COMPONENTS = 32
"""Of what simple models tell of a column: a quarter of what a teacher's network is told."""

MOST_ROWS_TOLD = 30_000
"""With more rows a network finds by itself what simple models would tell it."""


@dataclass(frozen=True, kw_only=True)
class NetworkStudents:
    """Trains network students of a problem.

    Attributes:
        problem: Its columns, groups and weights.
        lessons: What they learn.
        features: Makes the simple features of which they may be told.
        config: Sizes.
        train: Settings of a training.
        share, temperature: See `Taught`.
        seed, device: See `plait.train.loop.train`.
        progress: Told of the work.
    """

    problem: Problem
    lessons: Lessons
    features: StudentFeatures
    config: SystemConfig
    train: TrainConfig
    share: float
    temperature: float
    seed: int
    device: str
    progress: Progress

    def may_be_told(self) -> bool:
        """Whether simple models can tell anything of this target that is worth its place."""
        few = len(self.lessons.rows) <= MOST_ROWS_TOLD
        return few and can_tell(self.problem.target_codec, self.lessons.truth)

    def learn(
        self,
        rows: np.ndarray,
        budget: Budget,
        name: str,
        *,
        told: bool,
        heads: Sequence[str] | None = None,
    ) -> tuple[System, TrainResult]:
        """Return a network that learned from rows, on the CPU.

        Args:
            rows: Row numbers, ascending.
            budget: Of the training.
            name: For the progress bar.
            told: Whether it is told what simple models know, who learn from the teacher too.
            heads: Those that it has; None for all that it may have, of which one is to be chosen.
        """
        problem = self.problem
        evidence = self.evidence(rows) if told else None
        config = with_heads(self.config, evidence)
        config = config if heads is None else replace(config, heads=tuple(heads))
        torch.manual_seed(self.seed)
        codecs = {column: problem.codecs[column] for column in problem.columns}
        system = System(codecs, problem.target_codec, config, evidence)
        return system, self.train_on(system, rows, budget, name)

    def train_on(self, system: System, rows: np.ndarray, budget: Budget, name: str) -> TrainResult:
        """Let a network learn from rows, in place; it is left on the CPU.

        Args:
            system: The network.
            rows, budget, name: As for `learn`.
        """
        run = train_shown(
            self.objective(system, rows),
            name,
            self.progress,
            budget=budget,
            config=self.train,
            seed=self.seed,
            device=self.device,
        )
        system.cpu().eval()
        return run

    def objective(self, system: System, rows: np.ndarray) -> Distilled:
        """Return what a network minimises over rows."""
        problem = self.problem
        data = TrainData(
            prepared=problem.prepared,
            columns=problem.columns,
            codec=problem.target_codec,
            truth=self.lessons.truth,
            rows=rows,
            rows_validation=rows[:0],
            weights=problem.weights,
        )
        warm = self.temperature if problem.target_codec.form.probable else 1.0
        taught = Taught(said=self.lessons.raw(), share=self.share, temperature=warm)
        return Distilled(system, data, self.train, taught)

    def outputs(self, system: System, rows: np.ndarray) -> np.ndarray:
        """Return what a network says of labelled rows, float32 ``[row, output]``.

        Of two heads the one that costs less there is left to it.
        """
        found = system_outputs(system, self.problem.prepared, rows)
        if found.ndim == 2:
            return found
        codec, truth = self.problem.target_codec, self.lessons.truth[rows]
        heavy = None if self.problem.weights is None else self.problem.weights[rows]
        costs = [mean_by(codec.cost(one, truth), heavy) for one in found.swapaxes(0, 1)]
        best = int(np.argmin(costs))
        system.keep_head(system.config.heads[best])
        return np.ascontiguousarray(found[:, best])

    def evidence(self, rows: np.ndarray) -> Evidence:
        """Return what simple models, which learned from rows, tell; the same for the same rows."""
        problem = self.problem
        return Evidence.fit(
            self.features.told,
            problem.prepared,
            rows,
            self.lessons.truth[rows],
            problem.target_codec,
            problem.groups[rows],
            seed=self.seed,
            soft=self.lessons.soft(rows, self.share),
            num_components=NUM_COMPONENTS,
        )
