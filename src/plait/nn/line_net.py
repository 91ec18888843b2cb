"""A line in time to a line: convolutions and attention at one pace, told a vector and places."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import LineConv, SequenceConv
from plait.nn.transformer import Places
from plait.nn.unet import SeeingBlock

SEEING_EVERY = 2
"""Residual blocks before each attention."""


class LineNet(nn.Module):
    """From a line, a vector, tokens, and what is told at each place, to a line.

    So many places at a time are one step, as squares of a picture are in `plait.nn.unet`; steps
    know how far they are from either end, see some steps around them, and all of the line by
    attention. What lies behind a row's last place changes nothing. It begins at zero.

    Args:
        channels: Of the line.
        told_channels: Of what is told at each place.
        patch: Places to a step.
        dim: Of the vector and of tokens.
        width: Channels of a step, a multiple of 4.
        depth: Residual blocks.
        kernel: Steps that a convolution sees, odd.
    """

    def __init__(
        self,
        *,
        channels: int,
        told_channels: int,
        patch: int,
        dim: int,
        width: int,
        depth: int,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        self.patch = patch
        self.first = nn.Linear(channels * patch, width)
        self.placed = nn.Linear(told_channels * patch, width, bias=False)
        self.places = Places(width)
        self.blocks = nn.ModuleList(ToldLine(width, dim, kernel=kernel) for _ in range(depth))
        self.seeing = nn.ModuleList(SeeingBlock(width, dim) for _ in range(depth // SEEING_EVERY))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, channels * patch)
        for one in self.head.parameters():
            nn.init.zeros_(one)

    def forward(
        self,
        x: Float[Tensor, "batch channel place"],
        told: Float[Tensor, "batch dim"],
        memory: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch token"],
        told_places: Float[Tensor, "batch place channel2"],
        real: Bool[Tensor, "batch place"],
    ) -> Float[Tensor, "batch channel place"]:
        num_places = x.shape[2]
        steps = self._steps(real[..., None].to(x.dtype)).amax(2) > 0
        shown = steps[..., None].to(x.dtype)
        x = self._steps(x.transpose(1, 2) * real[..., None])
        x = self.first(x) + self.placed(self._steps(told_places.to(x.dtype)))
        x = (x + self.places(_from_ends(steps)).to(x.dtype)) * shown
        for number, block in enumerate(self.blocks, 1):
            x = block(x, told, shown)
            if number % SEEING_EVERY == 0:
                see = self.seeing[number // SEEING_EVERY - 1]
                x = see(x.transpose(1, 2), memory, mask, steps).transpose(1, 2)
        found = self.head(F.silu(self.norm(x)))
        return found.unflatten(2, (self.patch, -1)).flatten(1, 2)[:, :num_places].transpose(1, 2)

    def _steps(self, x: Float[Tensor, "batch place channel"]) -> Float[Tensor, "batch step many"]:
        """Lay the places of a step side by side."""
        x = F.pad(x, (0, 0, 0, -x.shape[1] % self.patch))
        return x.unflatten(1, (-1, self.patch)).flatten(2)


class ToldLine(nn.Module):
    """A residual block along a line, whose second norm is scaled and shifted by a vector.

    As `plait.nn.unet.ToldBlock` is of maps (Dhariwal and Nichol 2021).

    Args:
        width: Channels before and after.
        dim: Of the vector.
        kernel: Of both convolutions, odd.
    """

    def __init__(self, width: int, dim: int, *, kernel: int) -> None:
        super().__init__()
        self.before = SequenceConv(width, width, kernel=kernel)
        self.norm = nn.LayerNorm(width)
        self.after = LineConv(width, width, kernel, padding=kernel // 2, bias=False)
        self.told = nn.Linear(dim, 2 * width)
        for one in (self.after.weight, self.told.weight, self.told.bias):
            nn.init.zeros_(one)

    def forward(
        self,
        x: Float[Tensor, "batch step width"],
        told: Float[Tensor, "batch dim"],
        real: Float[Tensor, "batch step 1"],
    ) -> Float[Tensor, "batch step width"]:
        scale, shift = self.told(told)[:, None].chunk(2, 2)
        y = self.norm(self.before(x, real)) * (1 + scale) + shift
        y = F.silu(y) * real
        return x + self.after(y.transpose(1, 2)).transpose(1, 2)


def _from_ends(real: Bool[Tensor, "batch step"]) -> Float[Tensor, "batch step 2"]:
    """Return how many steps lie before each, and behind it up to the row's last."""
    before = torch.arange(real.shape[1], device=real.device, dtype=torch.float32)
    before = before.expand(len(real), -1)
    behind = real.sum(1, keepdim=True) - 1 - before
    return torch.stack([before, behind], 2)
