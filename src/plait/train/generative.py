"""Generative learning: the losses of a network's heads, on rows with columns dropped at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from plait.baselines.weighted_statistics import mean_by
from plait.data.prepared import Prepared
from plait.networks.generate_rows import row_losses
from plait.networks.heads import Heads
from plait.networks.system import drop_columns, presence, to_tensors
from plait.networks.torch_runners import HeadsRunner
from plait.train.objective import views_of
from plait.train.precision import autocast
from plait.types import Batch

MAX_ROWS_PER_CHECK = 2048


@dataclass(frozen=True, kw_only=True)
class GenerativeData:
    """Rows to learn from.

    Attributes:
        prepared: Arrays of every row, those of the targets among them.
        columns: Input columns.
        shares: Target column -> its weight in the loss.
        rows: Row numbers to train on; each has a value of some target.
        rows_validation: Row numbers to validate on; empty to train without validation.
        weights: float32 of every row of the table: how much it counts; None for the same.
    """

    prepared: Prepared
    columns: tuple[str, ...]
    shares: Mapping[str, float]
    rows: np.ndarray
    rows_validation: np.ndarray
    weights: np.ndarray | None = None


class Generative:
    """An `Objective`: the heads of one trunk learn their targets, whose values are not varied.

    Args:
        network: The network.
        data: Rows to learn from and to validate on.
    """

    divisible = True

    def __init__(self, network: Heads, data: GenerativeData) -> None:
        self.module, self.data = network, data
        self.prepared, self.columns, self.rows = data.prepared, data.columns, data.rows
        self.views = views_of(self.rows)
        self.num_checked = min(len(data.rows_validation), MAX_ROWS_PER_CHECK)
        self._heavy = None if data.weights is None else torch.from_numpy(data.weights)

    @property
    def work(self) -> str:
        names = (*self.columns, *self.data.shares)
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in names]
        return f"{replace(self.module.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        batch = views[0]
        keep = presence(batch, self.columns)
        device = keep.device
        keep = drop_columns(keep.cpu(), self.module.config.drop_column).to(device)
        wanted = {name: self.prepared.columns[name].gather(rows) for name in self.data.shares}
        with autocast(precision, device):
            found = self.module(batch, to_tensors(wanted, device), keep)
        losses = torch.stack([found[name] * share for name, share in self.data.shares.items()])
        total = losses.sum(0)
        if self._heavy is not None:
            total = total * self._heavy[torch.from_numpy(rows)].to(device)
        return total.mean()

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    def cost(self) -> float:
        rows = self.data.rows_validation[:MAX_ROWS_PER_CHECK]
        device = next(self.module.parameters()).device
        heavy = None if self.data.weights is None else self.data.weights[rows]
        total = 0.0
        for name, share in self.data.shares.items():
            drawer = HeadsRunner(self.module, name, device)
            losses = row_losses(drawer, name, self.prepared, rows)
            total += share * mean_by(losses, heavy)
        return total

    def compile(self) -> None:
        """Heads draw and decode in Python: nothing is compiled."""
