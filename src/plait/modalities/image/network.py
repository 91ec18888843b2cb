"""Pictures as tokens: a residual convolutional stem to a grid of about 7 x 7 tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.image.codec import ImageCodec
from plait.nn.conv import ChannelNorm, ConvBlock
from plait.nn.tokens import Tokens, grid_tokens


class Embed(nn.Module):
    """Convolutional stem, halving until at most 8 places a side are left.

    Pictures of 48 pixels and more are halved by the first convolution already.

    Convolutions learn far better than patches from few pictures (Xiao et al. 2021, "Early
    Convolutions Help Transformers See Better").

    Args:
        codec: Gives size and channels.
        dim: Of the tokens; the stem's widths grow from ``dim // 4`` up to it.
        num_blocks: Residual blocks per resolution.
    """

    def __init__(self, codec: ImageCodec, dim: int, *, num_blocks: int = 2) -> None:
        super().__init__()
        size, _, channel = codec.layout["pixels"].shape
        stride = 2 if int(size) >= 48 else 1
        num_halvings = max(1, (int(size) // stride - 1).bit_length() - 3)
        widths = [max(16, dim // 2 ** (num_halvings - i) // 8 * 8) for i in range(num_halvings + 1)]
        widths = [min(dim, max(width, dim // 4)) for width in widths]
        self.first = nn.Conv2d(int(channel), widths[0], 2 * stride + 1, stride, stride)
        blocks: list[nn.Module] = []
        for i in range(num_halvings):
            blocks += [ConvBlock(widths[i], widths[i + 1], halve=True)]
            blocks += [ConvBlock(widths[i + 1], widths[i + 1]) for _ in range(num_blocks - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = ChannelNorm(widths[-1])
        self.out = nn.Conv2d(widths[-1], dim, 1)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        x = parts["pixels"].permute(0, 3, 1, 2).to(self.first.weight.dtype) / 127.5 - 1.0
        # Group norm on CPUs is many times slower over channels-last tensors, as permute gives.
        x = x.clone(memory_format=torch.contiguous_format)
        x = self.blocks(self.first(x))
        return grid_tokens(self.out(nn.functional.silu(self.norm(x))))
