"""Trajectories as a token: the current step, what is to be reached, and what was done before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.trajectory.codec import TrajectoryCodec
from plait.nn.tokens import Tokens, point_positions


class Embed(nn.Module):
    """A token for the current step: a head that decides reads all of them by itself."""

    def __init__(self, codec: TrajectoryCodec, dim: int) -> None:
        super().__init__()
        width = max(len(codec.numbers), 1) + 2 + codec.space.width
        self.first, self.second = nn.Linear(width, dim), nn.Linear(dim, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        rows = torch.arange(len(parts["told"]), device=parts["told"].device)
        last = lengths["time"] - 1
        before = parts["action"][rows, (last - 1).clamp(min=0)] * (last > 0)[:, None]
        told = torch.cat([parts["state"][rows, last], parts["told"][rows, last], before], -1)
        hidden = nn.functional.silu(self.first(told.to(self.first.weight.dtype)))
        return point_positions(self.second(hidden)[:, None])
