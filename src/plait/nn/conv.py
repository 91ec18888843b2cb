"""Residual convolution blocks for stems: pictures, spectrograms, series."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

_CONV = {1: nn.Conv1d, 2: nn.Conv2d}
_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d}


class ChannelNorm(nn.Module):
    """Group normalisation with a learned scale per channel, independent of the batch.

    Batch statistics would make a row's answer depend on its neighbours, differ between training
    and use, and leak rows under differential privacy; groups avoid all three (Wu and He 2018).
    """

    def __init__(self, dim: int, *, num_groups: int = 8) -> None:
        super().__init__()
        while dim % num_groups:
            num_groups //= 2
        self.norm = nn.GroupNorm(num_groups, dim)

    def forward(self, x: Float[Tensor, "batch dim *place"]) -> Float[Tensor, "batch dim *place"]:
        # Autocast would run this in float32; the kernel takes bf16 and keeps its sums in float32.
        with torch.autocast(x.device.type, enabled=False):
            weight, bias = self.norm.weight.to(x.dtype), self.norm.bias.to(x.dtype)
            return nn.functional.group_norm(x, self.norm.num_groups, weight, bias)


class ConvBlock(nn.Module):
    """Pre-activation residual block: norm, SiLU, conv, norm, SiLU, conv (He et al. 2016, fig. 4e).

    It halves by averaging pairs before the convolutions, not by strided convolutions: less aliasing
    (Zhang 2019), fewer operations, and some strided bf16 kernels on CPUs are 30 times slower than
    their neighbours (docs/log.md, 2026-11-21).

    Args:
        dim_in, dim_out: Channels before and after.
        num_axes: 1 for sequences, 2 for pictures.
        halve: Whether every axis is halved (rounding up).
        kernel: Side of both kernels, odd.
        dilation: Of the second convolution.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        *,
        num_axes: int = 2,
        halve: bool = False,
        kernel: int = 3,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        conv = _CONV[num_axes]
        self.norm1, self.norm2 = ChannelNorm(dim_in), ChannelNorm(dim_out)
        self.pool = _POOL[num_axes](2, ceil_mode=True) if halve else nn.Identity()
        self.conv1 = conv(dim_in, dim_out, kernel, 1, kernel // 2, bias=False)
        self.conv2 = conv(
            dim_out, dim_out, kernel, 1, dilation * (kernel // 2), dilation=dilation, bias=False
        )
        self.skip = nn.Identity() if dim_in == dim_out else conv(dim_in, dim_out, 1, bias=False)
        nn.init.zeros_(self.conv2.weight)

    def forward(
        self, x: Float[Tensor, "batch dim *place"]
    ) -> Float[Tensor, "batch dim_out *halved"]:
        y = self.pool(nn.functional.silu(self.norm1(x)))
        out = self.conv2(nn.functional.silu(self.norm2(self.conv1(y))))
        skip: Tensor = self.pool(x) if isinstance(self.skip, nn.Identity) else self.skip(y)
        return skip + out
