"""Pictures as tokens: a small convolutional stem, pooled to a grid of at most 4 x 4 tokens."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities.image.codec import ImageCodec
from plait.nn.conv import ChannelNorm, ConvBlock
from plait.nn.tokens import Tokens, grid_tokens

MAX_SIDE = 32
"""Larger pictures are averaged to this side: more costs a multiple and tells little more."""

GRID, MIDDLE = 4, 8
"""Sides of the grid of tokens, and of the map that the residual convolutions work on."""


class Embed(nn.Module):
    """A convolution of 5 x 5, one of 3 x 3 to the tokens' size, residual ones, then averages.

    Convolutions learn far better than patches from few pictures (Xiao et al. 2021, "Early
    Convolutions Help Transformers See Better").

    Args:
        codec: Gives size and channels.
        dim: Of the tokens.
        width: Channels of the first convolution.
        stride: Of the first convolution: 1 sees four times as much as 2, and costs about twice.
        num_blocks: Residual blocks at about 8 x 8 places.
    """

    def __init__(
        self, codec: ImageCodec, dim: int, *, width: int = 32, stride: int = 2, num_blocks: int = 1
    ) -> None:
        super().__init__()
        size, _, channel = codec.layout["pixels"].shape
        self.size = min(int(size), MAX_SIDE)
        self.first = nn.Conv2d(int(channel), width, 5, stride, 2)
        self.norm = ChannelNorm(width)
        self.widen = nn.Conv2d(width, dim, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(*(ConvBlock(dim) for _ in range(num_blocks)))

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        x = parts["pixels"].permute(0, 3, 1, 2).to(self.first.weight.dtype) / 127.5 - 1.0
        # Group norm on CPUs is many times slower over channels-last tensors, as permute gives.
        x = x.clone(memory_format=torch.contiguous_format)
        if x.shape[-1] > self.size:
            x = F.adaptive_avg_pool2d(x, self.size)
        x = self.first(x)
        x = self.widen(F.silu(self.norm(_halved(x) if x.shape[-1] > MIDDLE else x)))
        while x.shape[-1] > MIDDLE:
            x = _halved(x)
        x = self.blocks(x)
        while x.shape[-1] > GRID:
            x = _halved(x)
        return grid_tokens(x)


def _halved(maps: Float[Tensor, "batch dim height width"]) -> Tensor:
    """Average pairs along both axes, rounding up."""
    return F.avg_pool2d(maps, 2, ceil_mode=True)
