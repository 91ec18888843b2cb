"""Draws a whole sequence at once: a Gaussian over its steps, from a row's tokens."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.nn.conditions import Conditions
from plait.nn.decoder import DecoderLayer, heads_of, memory_of
from plait.nn.tokens import length_mask
from plait.nn.transformer import Places

LEAST_SCALE, MOST_SCALE = -5.0, 3.0
"""Of the logarithm of a step's own spread, in units of the channel's."""

SMALL_SHAPE = 0.1
QUICKNESS = 8.0
"""A weight that moves by 1 moves the logarithm of a spread by so much: it has far to go."""


class Drawn(NamedTuple):
    """A Gaussian over the steps of a sequence, ``N(mean, exp(2 log_scale) + shapes shapes^T)``.

    Attributes:
        mean, log_scale: ``[batch, step, channel]``.
        shapes: ``[batch, step, channel, rank]``.
    """

    mean: Float[Tensor, "batch step channel"]
    log_scale: Float[Tensor, "batch step channel"]
    shapes: Float[Tensor, "batch step channel rank"]


class SequenceDecoder(nn.Module):
    """Patches of steps that attend to each other and to a row's tokens; each tells its steps.

    It starts at mean 0 and spread 1, with little that varies together. What is told of the spread
    teaches nothing to the layers below: what the mean does not know yet would be taken for spread,
    and never learned (Stirn et al. 2023, "Faithful heteroscedastic regression").

    Args:
        dim: Of tokens.
        num_channels: Numbers of a step.
        patch: Steps that one token tells.
        depth: Number of layers.
        rank: Ways in which all steps vary together.
    """

    def __init__(
        self, *, dim: int, num_channels: int, patch: int, depth: int = 2, rank: int = 4
    ) -> None:
        super().__init__()
        self.num_channels, self.patch, self.rank = num_channels, patch, rank
        self.start = nn.Parameter(torch.zeros(dim))
        self.places = Places(dim)
        self.layers = nn.ModuleList(
            DecoderLayer(dim=dim, num_heads=heads_of(dim), hidden=2 * dim) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim)
        mean = nn.Linear(dim, patch * num_channels)
        spread = nn.Linear(dim, patch * num_channels * (1 + rank))
        # What tells how far the mean is off need not be what tells the mean.
        self.doubt = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.head = nn.ModuleDict({"mean": mean, "spread": spread})
        for head in (mean, spread):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        with torch.no_grad():  # at nothing, where the likelihood is flat, shapes would stay
            spread.bias.view(-1, 1 + rank)[:, 1:].normal_(std=SMALL_SHAPE)

    def forward(self, conditions: Conditions, num_steps: Int[Tensor, " batch"]) -> Drawn:
        """Return what is known of the steps of each row; what lies behind its own end is void."""
        memory, mask = memory_of(conditions)
        num = -(-int(num_steps.max()) // self.patch)
        places = torch.arange(num, device=memory.device, dtype=torch.float32) * self.patch
        positions = torch.stack([places, torch.zeros_like(places)], -1).expand(len(memory), -1, -1)
        x = self.start + self.places(positions).to(memory.dtype)
        among = length_mask(-(-num_steps // self.patch), num)[:, None, None, :]
        for layer in self.layers:
            x, _ = layer(x, layer.held(memory), mask, among)  # type: ignore[operator]
        x, steps = self.norm(x), int(num_steps.max())
        mean = self.head["mean"](x).float().view(len(memory), num * self.patch, -1)
        spread = self.head["spread"](self.doubt(x.detach())).float()
        spread = spread.view(len(memory), num * self.patch, self.num_channels, -1)[:, :steps]
        log_scale = (QUICKNESS * spread[..., 0]).clamp(LEAST_SCALE, MOST_SCALE)
        return Drawn(mean[:, :steps], log_scale, spread[..., 1:])
