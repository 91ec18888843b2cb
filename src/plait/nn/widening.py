"""A picture made of noise in one question: convolutions at ever finer resolutions."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import ChannelNorm
from plait.nn.unet import SeeingBlock, ToldBlock


class Widening(nn.Module):
    """From noise, a vector and tokens to a picture.

    Noise is mapped beside the vector, and scales and shifts all maps with it (Karras et al. 2018,
    "A Style-Based Generator Architecture"); places of the middle resolution attend to each other
    and to the tokens.

    Args:
        latent: Numbers of noise.
        channels: Of the picture.
        size: Its height and width.
        patch: Side of the squares of pixels that are one place of the finest maps.
        dim: Of the vector and of tokens.
        width: Channels of the finest maps; the middle ones have twice as many, the coarsest four
            times.
        depth: Blocks at each resolution.
    """

    def __init__(
        self, *, latent: int, channels: int, size: int, patch: int, dim: int, width: int,
        depth: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.patch = size, patch
        self.side = -(-size // patch)
        self.middle_side = -(-self.side // 2)
        self.start = -(-self.middle_side // 2)
        wide = 4 * width
        self.mapping = nn.Sequential(
            nn.Linear(latent, dim), nn.SiLU(), nn.Linear(dim, dim), nn.LayerNorm(dim)
        )  # of length as of what is told: fainter noise would be overheard
        self.begin = nn.Linear(dim, wide * self.start**2)
        self.coarse = nn.ModuleList(ToldBlock(wide, dim) for _ in range(depth))
        self.to_middle = nn.Conv2d(wide, 2 * width, 1)
        self.middle = nn.ModuleList(ToldBlock(2 * width, dim) for _ in range(depth))
        self.seeing = SeeingBlock(2 * width, dim)
        self.to_fine = nn.Conv2d(2 * width, width, 1)
        self.fine = nn.ModuleList(ToldBlock(width, dim) for _ in range(depth))
        self.norm = ChannelNorm(width)
        self.head = nn.Conv2d(width, channels * patch**2, 3, padding=1)

    def forward(
        self,
        latent: Float[Tensor, "batch latent"],
        told: Float[Tensor, "batch dim"],
        memory: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch token"],
    ) -> Float[Tensor, "batch channel height width"]:
        told = F.silu(told + self.mapping(latent.to(told.dtype)))
        x = self.begin(told).view(len(told), -1, self.start, self.start)
        x = x.contiguous(memory_format=torch.channels_last)
        for block in self.coarse:
            x = block(x, told)
        x = F.interpolate(self.to_middle(x), size=(self.middle_side, self.middle_side))
        for block in self.middle:
            x = block(x, told)
        x = self.seeing(x, memory, mask)
        x = F.interpolate(self.to_fine(x), size=(self.side, self.side))
        for block in self.fine:
            x = block(x, told)
        found = F.pixel_shuffle(self.head(F.silu(self.norm(x))), self.patch)
        return found[..., : self.size, : self.size]
