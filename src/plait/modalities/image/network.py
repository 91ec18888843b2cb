"""Pictures as tokens: a convolutional stem, pooled to at most 4 x 4 tokens; and what draws them."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities.image.codec import ImageCodec
from plait.modalities.image.drawn.network import GENERATORS as GENERATORS
from plait.modalities.image.drawn.network import Generate as Generate
from plait.nn.conv import ChannelNorm, ConvBlock
from plait.nn.feature_map import FeatureMap, Pyramid
from plait.nn.tokens import Tokens, grid_tokens

MAX_SIDE = 32
"""Larger pictures are averaged to this side: more costs a multiple and tells little more."""

GRID, MIDDLE = 4, 8
"""Sides of the grid of tokens, and of the map that the residual convolutions work on."""


class Embed(nn.Module):
    """A convolution that halves the picture, one to the tokens' size, residual ones, averages.

    Convolutions learn far better than patches from few pictures (Xiao et al. 2021, "Early
    Convolutions Help Transformers See Better"). The first, of 6 x 6 places and stride 2, holds
    every one of 5 x 5 whose results are averaged in fours, at a quarter of its cost. Maps lie
    channels-last in memory: all that follows is quickest so, in bf16 most of all.

    Args:
        codec: Gives size and channels.
        dim: Of the tokens.
        width: Channels of the first convolution.
        middle: Channels of the maps of about 16 x 16 places; 0 goes straight to 8 x 8.
        num_middle: Residual blocks at these.
        num_blocks: Residual blocks at about 8 x 8 places.
    """

    def __init__(
        self,
        codec: ImageCodec,
        dim: int,
        *,
        width: int = 32,
        middle: int = 0,
        num_middle: int = 0,
        num_blocks: int = 1,
    ) -> None:
        super().__init__()
        size, _, channel = codec.layout["pixels"].shape
        self.size = min(int(size), MAX_SIDE)
        self.first = nn.Conv2d(int(channel), width, 6, 2, 2)
        self.middle = _Stage(width, middle, num_middle) if middle else None
        self.end = _Stage(middle or width, dim, num_blocks)
        self.norm = ChannelNorm(dim)
        self.offers_map = codec.canvas_px > 0
        self.pyramid = Pyramid(int(channel)) if self.offers_map else None

    def map(self, parts: dict[str, Tensor], present: Bool[Tensor, " batch"]) -> FeatureMap:
        """Return the map of the pictures' canvases, where the codec prepares any."""
        if self.pyramid is None:
            raise ValueError("this column prepares no canvas")
        values = self.pyramid(parts["canvas"])
        return FeatureMap(values, present, parts["frame"], parts["size"])

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        x = parts["pixels"].permute(0, 3, 1, 2).to(self.first.weight.dtype) / 127.5 - 1.0
        if x.shape[-1] > self.size:
            x = F.adaptive_avg_pool2d(x, self.size)
        x = self.first(x)
        if self.middle is not None:
            x = self.middle(x)
        while x.shape[-1] > MIDDLE:
            x = _halved(x)
        x = F.silu(self.norm(self.end(x)))
        while x.shape[-1] > GRID:
            x = _halved(x)
        return grid_tokens(x)


class _Stage(nn.Module):
    """A convolution from one number of channels to another, and residual blocks."""

    def __init__(self, dim_in: int, dim_out: int, num_blocks: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(dim_in)
        self.widen = nn.Conv2d(dim_in, dim_out, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(*(ConvBlock(dim_out) for _ in range(num_blocks)))

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim2 height width"]:
        found: Tensor = self.blocks(self.widen(F.silu(self.norm(x))))
        return found


def _halved(maps: Float[Tensor, "batch dim height width"]) -> Tensor:
    """Average pairs along both axes, rounding up."""
    return F.avg_pool2d(maps, 2, ceil_mode=True)
