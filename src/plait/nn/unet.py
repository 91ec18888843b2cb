"""A small U-Net: convolutions at two resolutions, told a vector, attending to a row's tokens."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.attention import attend, merge_heads, split_heads
from plait.nn.conv import ChannelNorm
from plait.nn.decoder import heads_of


class UNet(nn.Module):
    """From a picture, a vector and tokens to a picture (Ronneberger et al. 2015; Ho et al. 2020).

    Squares of ``patch x patch`` places are one place of the finer resolution, four of which are one
    of the coarser, where places attend to each other and to the tokens. It begins at zero.

    Args:
        channels: Of the picture.
        size: Its height and width.
        patch: Side of the squares.
        dim: Of the vector and of tokens.
        width: Channels of the finer resolution; the coarser has twice as many.
        depth: Residual blocks at each resolution, on each way.
    """

    def __init__(
        self, *, channels: int, size: int, patch: int, dim: int, width: int, depth: int = 2
    ) -> None:
        super().__init__()
        self.size, self.patch = size, patch
        side = -(-size // patch)
        numbers, coarse = channels * patch**2, 2 * width
        self.first = nn.Conv2d(numbers, width, 3, padding=1)
        self.places = nn.Parameter(torch.zeros(width, side, side))
        self.down = nn.ModuleList(ToldBlock(width, dim) for _ in range(depth))
        self.halve = nn.Conv2d(width, coarse, 3, 2, 1)
        self.middle = nn.ModuleList(ToldBlock(coarse, dim) for _ in range(depth))
        self.seeing = nn.ModuleList(SeeingBlock(coarse, dim) for _ in range(depth))
        self.narrow = nn.Conv2d(coarse, width, 1)
        self.merge = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for _ in range(depth))
        self.up = nn.ModuleList(ToldBlock(width, dim) for _ in range(depth))
        self.norm = ChannelNorm(width)
        self.head = nn.Conv2d(width, numbers, 3, padding=1)
        for one in self.head.parameters():
            nn.init.zeros_(one)

    def forward(
        self,
        x: Float[Tensor, "batch channel height width"],
        told: Float[Tensor, "batch dim"],
        memory: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch token"],
    ) -> Float[Tensor, "batch channel height width"]:
        side = self.places.shape[-1] * self.patch
        x = F.pad(x, (0, side - self.size, 0, side - self.size))
        x = F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last)
        x = self.first(x)
        x = x + self.places.to(x.dtype)
        skips = []
        for block in self.down:
            x = block(x, told)
            skips.append(x)
        y = self.halve(x)
        for block, seeing in zip(self.middle, self.seeing, strict=True):
            y = seeing(block(y, told), memory, mask)
        x = F.interpolate(self.narrow(y), size=x.shape[-2:])
        for merge, block in zip(self.merge, self.up, strict=True):
            x = block(merge(torch.cat([x, skips.pop()], 1)), told)
        found = F.pixel_shuffle(self.head(F.silu(self.norm(x))), self.patch)
        return found[..., : self.size, : self.size]


class ToldBlock(nn.Module):
    """A residual block whose second norm is scaled and shifted by a vector (Dhariwal and Nichol
    2021, "Diffusion Models Beat GANs", adaptive group normalisation).

    Args:
        width: Channels before and after.
        dim: Of the vector.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(width), ChannelNorm(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.told = nn.Linear(dim, 2 * width)
        for one in (self.conv2, self.told):
            nn.init.zeros_(one.weight)
        nn.init.zeros_(self.told.bias)

    def forward(
        self, x: Float[Tensor, "batch width height width2"], told: Float[Tensor, "batch dim"]
    ) -> Float[Tensor, "batch width height width2"]:
        y = self.norm2(self.conv1(F.silu(self.norm1(x))))
        scale, shift = self.told(told)[..., None, None].chunk(2, 1)
        return x + self.conv2(F.silu(y * (1 + scale) + shift))


class SeeingBlock(nn.Module):
    """Places attend to each other and to tokens; what they find is added, at first zero.

    Args:
        width: Channels of the map, or of the line.
        dim: Of tokens.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.num_heads = heads_of(width)
        self.norm, self.norm_tokens = nn.LayerNorm(width), nn.LayerNorm(dim)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.holds = nn.Linear(dim, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(
        self,
        x: Float[Tensor, "batch width *side"],
        memory: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch token"],
        real: Bool[Tensor, "batch place"] | None = None,
    ) -> Float[Tensor, "batch width *side"]:
        """Attend to the tokens where `mask` is True, and to those places that are `real`."""
        batch, width, *sides = x.shape
        places = x.flatten(2).transpose(1, 2)
        q, k, v = self._apart(self.qkv(self.norm(places)), 3)
        held = self._apart(self.holds(self.norm_tokens(memory)), 2)
        k, v = (
            torch.cat([own, one.to(own.dtype)], 2) for own, one in zip((k, v), held, strict=True)
        )
        own = mask.new_ones(batch, places.shape[1]) if real is None else real
        among = torch.cat([own, mask], 1)[:, None, None, :]
        found = self.out(merge_heads(attend(q, k, v, among)))
        return x + found.transpose(1, 2).reshape(batch, width, *sides)

    def _apart(self, x: Tensor, num: int) -> tuple[Tensor, ...]:
        return split_heads(x, num_parts=num, num_heads=self.num_heads)
