"""A small U-Net of clips: places and moments in turn, told a vector, attending to tokens."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import ChannelNorm
from plait.nn.unet import SeeingBlock, ToldBlock


class SpaceTimeUNet(nn.Module):
    """From a clip, a vector and tokens to a clip.

    Blocks of ``moment x patch x patch`` numbers are one place of the finer resolution; the coarser
    halves both sides and keeps all moments. Convolutions over the places of a moment and over the
    moments of a place follow one another (Tran et al. 2018, "A Closer Look at Spatiotemporal
    Convolutions"; of diffusion: Ho et al. 2022, "Video Diffusion Models"). At the coarser
    resolution all places of all moments attend to each other and to the tokens: so few that
    attention need not be factorised. It begins at zero.

    Args:
        channels: Of the clip.
        beside: Channels that are known beside it, of the same frames and sides; 0 for none.
        frames: Of the clip.
        size: Height and width of a frame.
        moment: Frames of a block.
        patch: Side of a block.
        dim: Of the vector and of tokens.
        width: Channels of the finer resolution; the coarser has twice as many.
        depth: Residual blocks at each resolution, on each way.
    """

    def __init__(
        self,
        *,
        channels: int,
        frames: int,
        size: int,
        moment: int,
        patch: int,
        dim: int,
        width: int,
        beside: int = 0,
        depth: int = 2,
    ) -> None:
        super().__init__()
        self.shape = frames, size, size
        self.block = moment, patch, patch
        self.grid = tuple(-(-side // one) for side, one in zip(self.shape, self.block, strict=True))
        numbers, coarse = moment * patch**2, 2 * width
        self.first = nn.Conv2d((channels + beside) * numbers, width, 3, padding=1)
        self.places = nn.Parameter(torch.zeros(width, *self.grid[1:]))
        self.moments = nn.Parameter(torch.zeros(self.grid[0], width, 1, 1))
        self.down = nn.ModuleList(SpaceTimeBlock(width, dim) for _ in range(depth))
        self.halve = nn.Conv2d(width, coarse, 3, 2, 1)
        self.later = nn.Parameter(torch.zeros(self.grid[0], coarse, 1, 1))
        self.middle = nn.ModuleList(SpaceTimeBlock(coarse, dim) for _ in range(depth))
        self.seeing = nn.ModuleList(SeeingBlock(coarse, dim) for _ in range(depth))
        self.narrow = nn.Conv2d(coarse, width, 1)
        self.merge = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for _ in range(depth))
        self.up = nn.ModuleList(SpaceTimeBlock(width, dim) for _ in range(depth))
        self.norm = ChannelNorm(width)
        self.head = nn.Conv2d(width, channels * numbers, 3, padding=1)
        for one in self.head.parameters():
            nn.init.zeros_(one)

    def forward(
        self,
        x: Float[Tensor, "batch channel time height width"],
        told: Float[Tensor, "batch dim"],
        memory: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch token"],
        beside: Float[Tensor, "batch channel2 time height width"] | None = None,
    ) -> Float[Tensor, "batch channel time height width"]:
        batch, num = len(x), self.grid[0]
        told = told.repeat_interleave(num, 0)
        y = self.first(self._folded(x if beside is None else torch.cat([x, beside], 1)))
        y = y + self.places.to(y.dtype) + self.moments.to(y.dtype).repeat(batch, 1, 1, 1)
        skips = []
        for block in self.down:
            y = block(y, told, num)
            skips.append(y)
        z = self.halve(y)
        z = z + self.later.to(z.dtype).repeat(batch, 1, 1, 1)
        for block, seeing in zip(self.middle, self.seeing, strict=True):
            z = _together(seeing, block(z, told, num), num, memory, mask)
        y = F.interpolate(self.narrow(z), size=y.shape[-2:])
        for merge, block in zip(self.merge, self.up, strict=True):
            y = block(merge(torch.cat([y, skips.pop()], 1)), told, num)
        return self._unfolded(self.head(F.silu(self.norm(y))), batch)

    def _folded(self, x: Tensor) -> Float[Tensor, "moments number height2 width2"]:
        """Return blocks as channels, the moments of all clips one after the other; what is short of
        a whole block is filled with what lies at the edge."""
        sides = zip(reversed(self.shape), reversed(self.grid), reversed(self.block), strict=True)
        pads = [pad for side, num, one in sides for pad in (0, num * one - side)]
        if any(pads):
            x = F.pad(x, pads, mode="replicate")
        batch, channels = x.shape[:2]
        (t, h, w), (moment, patch, _) = self.grid, self.block
        x = x.reshape(batch, channels, t, moment, h, patch, w, patch)
        x = x.permute(0, 2, 1, 3, 5, 7, 4, 6).flatten(0, 1).flatten(1, 4)
        return x.contiguous(memory_format=torch.channels_last)

    def _unfolded(self, x: Tensor, batch: int) -> Float[Tensor, "batch channel time height width"]:
        (t, h, w), (moment, patch, _) = self.grid, self.block
        x = x.reshape(batch, t, -1, moment, patch, patch, h, w).permute(0, 2, 1, 3, 6, 4, 7, 5)
        x = x.reshape(batch, -1, t * moment, h * patch, w * patch)
        frames, height, width = self.shape
        return x[:, :, :frames, :height, :width]


class SpaceTimeBlock(nn.Module):
    """A residual block over the places of each moment, and one over the moments of each place.

    Args:
        width: Channels before and after.
        dim: Of the vector.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.places = ToldBlock(width, dim)
        self.norm = ChannelNorm(width)
        self.moments = nn.Conv2d(3 * width, width, 1, bias=False)
        nn.init.zeros_(self.moments.weight)

    def forward(
        self,
        x: Float[Tensor, "moments width height width2"],
        told: Float[Tensor, "moments dim"],
        num: int,
    ) -> Float[Tensor, "moments width height width2"]:
        """Return maps, of which `num` after one another are the moments of one clip."""
        x = self.places(x, told)
        y = F.silu(self.norm(x))
        return x + self.moments(torch.cat([_moved(y, num, 1), y, _moved(y, num, -1)], 1))


def _moved(x: Tensor, num: int, by: int) -> Tensor:
    """Return what is one moment before (`by` 1) or after (-1) in each clip; zeros at its ends."""
    clips = x.unflatten(0, (-1, num))
    empty = torch.zeros_like(clips[:, :1])
    pair = [empty, clips[:, :-1]] if by > 0 else [clips[:, 1:], empty]
    return torch.cat(pair, 1).flatten(0, 1)


def _together(
    seeing: nn.Module, x: Tensor, num: int, memory: Tensor, mask: Tensor
) -> Float[Tensor, "moments width height width2"]:
    """Return maps whose places, of all moments of a clip, attended to each other and to tokens."""
    sides = x.shape[-2:]
    whole = x.unflatten(0, (-1, num)).transpose(1, 2).flatten(3)
    found: Tensor = seeing(whole, memory, mask)
    return found.unflatten(3, sides).transpose(1, 2).flatten(0, 1)
