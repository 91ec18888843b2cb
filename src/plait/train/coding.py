"""Coding: parts of heads learn to tell values in few numbers, before all else is learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from plait.networks.heads import Heads
from plait.networks.system import to_tensors
from plait.spacing import even_sample
from plait.train.data_parallel import LEAST_ROWS
from plait.train.generative import GenerativeData
from plait.train.objective import View
from plait.train.precision import autocast
from plait.types import Batch, ColumnBatch

MOST_SETTLED, SETTLED_AT_ONCE = 256, 32
"""Values by which it is told what codes lose, and how many are coded together."""


class Coding:
    """An `Objective`: of each head that has any, its module ``coded``.

    It learns from the values of training rows alone, by the head's own ``coded_loss``; all else
    stays as it is. The last average of the weights is taken.

    Args:
        network: Nothing of it learns but these modules.
        data: Rows to learn from.
    """

    def __init__(self, network: Heads, data: GenerativeData) -> None:
        self.module, self.data = network, data
        self.prepared, self.columns = data.prepared, data.columns
        self.rows = data.rows
        self.views: tuple[View, ...] = (View(self.rows),)
        self.shared = data.columns
        self.least_part: int | None = LEAST_ROWS
        self.num_checked = 0
        network.requires_grad_(False)
        for name in coded(network):
            network.head(name).coded.requires_grad_(True)

    @property
    def work(self) -> str:
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in coded(self.module)]
        return f"coded {replace(self.module.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        device, found = next(self.module.parameters()).device, []
        for name in coded(self.module):
            values = self._values(name, rows, device)
            with autocast(precision, device):
                losses = self.module.head(name).coded_loss(values).float()
            found.append(torch.where(values.present, losses, 0.0).mean())
        return torch.stack(found).sum()

    def settle(self) -> dict[str, float]:
        """Let the modules settle by rows held out, or by some that were learned from where none
        are; return the share of each target's values that codes lose."""
        rows = self.data.rows_validation if len(self.data.rows_validation) else self.rows
        rows = even_sample(rows, MOST_SETTLED)
        return {
            name: self.module.eval().head(name).settle_codes(self._held(name, rows))
            for name in coded(self.module)
        }

    def _held(self, name: str, rows: np.ndarray) -> Iterator[ColumnBatch]:
        device = next(self.module.parameters()).device
        for first in range(0, len(rows), SETTLED_AT_ONCE):
            yield self._values(name, rows[first : first + SETTLED_AT_ONCE], device)

    def _values(self, name: str, rows: np.ndarray, device: torch.device) -> ColumnBatch:
        return to_tensors({name: self.prepared.columns[name].gather(rows)}, device)[name]

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    def cost(self) -> float:
        """Return 0: no row is checked."""
        return 0.0

    def compile(self) -> None:
        """A small part of the work: nothing is compiled."""


def coded(network: nn.Module) -> tuple[str, ...]:
    """Return the targets of a network whose heads have a module ``coded``."""
    if not isinstance(network, Heads):
        return ()
    has = [name for name in network.targets if getattr(network.head(name), "coded", None)]
    return tuple(has)
