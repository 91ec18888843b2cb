"""Generative learning: the losses of a network's heads, on rows with columns dropped at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from plait.baselines.start import START
from plait.baselines.weighted_statistics import mean_by
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.data.together import Together
from plait.networks.generate_rows import row_losses
from plait.networks.heads import Heads
from plait.networks.system import drop_columns, presence, to_tensors
from plait.networks.torch_runners import HeadsRunner
from plait.nn.conditions import Conditions
from plait.train.data_parallel import LEAST_ROWS
from plait.train.objective import View
from plait.train.precision import autocast
from plait.types import Batch, ColumnBatch

MAX_ROWS_PER_CHECK, CHECKED_AT_ONCE = 2048, 64

LEAST_MAPPED = 4
"""Rows of a part of a batch that are seen finely: each takes as long as hundreds of others."""


@dataclass(frozen=True, kw_only=True)
class GenerativeData:
    """Rows to learn from.

    Attributes:
        prepared: Arrays of every row, those of the targets among them.
        columns: Input columns.
        shares: Target column -> its weight in the loss.
        started: Whether the network begins at what a simple model says, which is told beside.
        rows: Row numbers to train on; each has a value of some target.
        rows_validation: Row numbers to validate on; empty to train without validation.
        weights: float32 of every row of the table: how much it counts; None for the same.
        together: What varies rows of inputs and targets together; None varies inputs alone.
    """

    prepared: Prepared
    columns: tuple[str, ...]
    shares: Mapping[str, float]
    rows: np.ndarray
    rows_validation: np.ndarray
    weights: np.ndarray | None = None
    started: bool = False
    together: Together | None = None


class Generative:
    """An `Objective`: the heads of one trunk learn their targets.

    Rows held out are not looked at where a head has a `moving_loss`: what it asks for comes from
    what the network says itself, so that it may rise while answers become better.

    Args:
        network: The network.
        data: Rows to learn from and to validate on.
    """

    def __init__(self, network: Heads, data: GenerativeData) -> None:
        self.module, self.data = network, data
        self.prepared, self.rows = data.prepared, data.rows
        self.least_part: int | None = LEAST_ROWS if network.map_pool is None else LEAST_MAPPED
        self.columns = (*data.columns, *([START] if data.started else []))
        self.views: tuple[View, ...] = (View(self.rows, plain_epochs=1, together=data.together),)
        self.shared = data.columns
        moving = any(getattr(head, "moving_loss", False) for head in network.heads)
        self.num_checked = 0 if moving else min(len(data.rows_validation), MAX_ROWS_PER_CHECK)
        self._heavy = None if data.weights is None else torch.from_numpy(data.weights)

    @property
    def work(self) -> str:
        names = (*self.columns, *self.data.shares)
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in names]
        return f"{replace(self.module.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        batch = views[0]
        keep = presence(batch, self.data.columns)
        device = keep.device
        keep = drop_columns(keep.cpu(), self.module.config.drop_column).to(device)
        varied = {name: batch[name] for name in self.data.shares if name in batch}
        wanted = {
            name: self.prepared.columns[name].gather(rows)
            for name in self.data.shares
            if name not in varied
        }
        with autocast(precision, device):
            found = self.module(batch, varied | to_tensors(wanted, device), keep)
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
            drawer = HeadsRunner(self.module, name, device, started=self.data.started)
            losses = row_losses(drawer, name, self.prepared, rows)
            total += share * mean_by(losses, heavy)
        return total

    @torch.no_grad()
    def settle(self) -> None:
        """Let heads that can settle how much of what they learned is kept, by rows held out."""
        device = next(self.module.eval().parameters()).device
        for name in self.data.shares:
            settle = getattr(self.module.head(name), "settle", None)
            if settle is not None and len(self.data.rows_validation):
                settle(self._held(name, device))

    def _held(self, name: str, device: torch.device) -> Iterator[tuple[Conditions, ColumnBatch]]:
        """Give what the head of a target sees of rows held out, and their values, in batches."""
        rows = self.data.rows_validation[:MAX_ROWS_PER_CHECK]
        loader = Loader(self.prepared, rows, self.columns, batch_size=CHECKED_AT_ONCE)
        for some, batch in loader.epoch(0):
            told = to_tensors(batch, device)
            wanted = to_tensors({name: self.prepared.columns[name].gather(some)}, device)
            tokens, offered = self.module.encode(told), self.module.offered(told)
            yield self.module.conditions(name, tokens, told, offered), wanted[name]

    def compile(self) -> None:
        """Heads draw and decode in Python: nothing is compiled."""
