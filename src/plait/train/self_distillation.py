"""Self-distillation: parts of heads learn from what the rest of the network has learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from plait.networks.heads import Heads
from plait.networks.system import drop_columns, presence
from plait.train.data_parallel import LEAST_ROWS
from plait.train.generative import GenerativeData
from plait.train.objective import View
from plait.train.precision import autocast
from plait.types import Batch


class SelfDistillation:
    """An `Objective`: of each head that has any, its module ``distilled``.

    It learns under the conditions of training rows, with columns dropped at random, by the head's
    own ``distilled_loss``; their values tell it nothing, and all else stays as it is. The last
    average of the weights is taken: following the network to judge each check would take as long as
    learning.

    Args:
        network: Trained; nothing of it learns any more but these modules.
        data: Rows to learn from.
    """

    def __init__(self, network: Heads, data: GenerativeData) -> None:
        self.module, self.data = network, data
        self.prepared, self.rows, self.columns = data.prepared, data.rows, data.columns
        self.views: tuple[View, ...] = (View(self.rows, plain_epochs=1),)
        self.shared = data.columns
        self.least_part: int | None = LEAST_ROWS
        self.num_checked = 0
        network.requires_grad_(False)
        for name in distilled(network):
            head = network.head(name)
            head.begin_distilled()
            head.distilled.requires_grad_(True)

    @property
    def work(self) -> str:
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in self.columns]
        return f"self-distilled {replace(self.module.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        batch = views[0]
        for part in (self.module.encoder, self.module.trunk, self.module.pools):
            part.eval()  # as they are when values are made: without dropout
        keep = presence(batch, self.columns)
        device = keep.device
        keep = drop_columns(keep.cpu(), self.module.config.drop_column).to(device)
        with autocast(precision, device):
            with torch.no_grad():
                tokens = self.module.encode(batch, keep)
                offered = self.module.offered(batch, keep)
                seen = {
                    name: self.module.conditions(name, tokens, batch, offered, keep)
                    for name in distilled(self.module)
                }
            losses = [self.module.head(name).distilled_loss(one) for name, one in seen.items()]
        return torch.stack([one.float().mean() for one in losses]).sum()

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    def cost(self) -> float:
        """Return 0: no row is checked."""
        return 0.0

    def compile(self) -> None:
        """Heads draw in Python: nothing is compiled."""


def distilled(network: nn.Module) -> tuple[str, ...]:
    """Return the targets of a network whose heads have a module ``distilled``."""
    if not isinstance(network, Heads):
        return ()
    has = [name for name in network.targets if getattr(network.head(name), "distilled", None)]
    return tuple(has)
