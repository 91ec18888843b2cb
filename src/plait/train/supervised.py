"""Supervised learning: the target's loss on rows whose columns are dropped at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from plait.baselines.evidence_column import beside
from plait.baselines.weighted_statistics import mean_by
from plait.networks.system import System, drop_columns, presence
from plait.networks.torch_runners import system_outputs
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.data_parallel import LEAST_ROWS
from plait.train.objective import views_of
from plait.train.offset import fit_offset
from plait.train.precision import autocast
from plait.types import Batch

MAX_ROWS_PER_CHECK = 4096


class Supervised:
    """An `Objective`: a `System` learns the target of labelled rows.

    Args:
        system: The network.
        data: Rows to learn from and to validate on.
        config: Smoothing and class balance are taken from here.
    """

    least_part: int | None = LEAST_ROWS

    def __init__(self, system: System, data: TrainData, config: TrainConfig) -> None:
        self.module, self.data = system, data
        self.prepared = beside(system.evidence, data.prepared, known=data.rows, left_out=True)
        self.columns, self.rows = system.inputs, data.rows
        self.views = views_of(data.rows)
        self.shared = data.columns
        self.num_checked = min(len(data.rows_validation), MAX_ROWS_PER_CHECK)
        self._smoothing = config.smoothing
        weights = data.class_weights(config.balance)
        self._weights = None if weights is None else torch.from_numpy(weights)
        self._truth = torch.from_numpy(data.truth)
        self._heavy = None if data.weights is None else torch.from_numpy(data.weights)
        self._forward: Callable[..., dict[str, Tensor]] = system
        fit_offset(system, data, self.prepared)

    @property
    def work(self) -> str:
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in self.columns]
        return f"{replace(self.module.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        batch = views[0]
        there = presence(batch, self.data.columns)
        device = there.device
        keep = drop_columns(there.cpu(), self.module.config.drop_column).to(device)
        with autocast(precision, device):
            raw = self._forward(batch, keep)
        weights = None if self._weights is None else self._weights.to(device)
        truth = self._truth[torch.from_numpy(rows)].to(device)
        options = {"smoothing": self._smoothing, "weight": weights}
        losses = self.module.losses(batch, there, truth, raw, **options)
        if self._heavy is not None:
            losses = losses * self._heavy[torch.from_numpy(rows)].to(device)
        return losses.mean()

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    def cost(self) -> float:
        """Return the cost on the validation rows, that of the better head."""
        rows = self.data.rows_validation[:MAX_ROWS_PER_CHECK]
        device = next(self.module.parameters()).device
        outputs = system_outputs(self.module, self.data.prepared, rows, device=device)
        heavy = None if self.data.weights is None else self.data.weights[rows]
        truth = self.data.truth[rows]
        heads = [outputs] if outputs.ndim == 2 else list(outputs.swapaxes(0, 1))
        return min(mean_by(self.data.codec.cost(found, truth), heavy) for found in heads)

    def compile(self) -> None:
        self._forward = torch.compile(self.module, dynamic=True)
