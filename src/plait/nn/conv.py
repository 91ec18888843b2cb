"""Residual convolution blocks for stems: pictures, spectrograms, series."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

_CONV = {1: nn.Conv1d, 2: nn.Conv2d}


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
        return self.norm(x)


class ConvBlock(nn.Module):
    """Pre-activation residual block: norm, SiLU, conv, norm, SiLU, conv (He et al. 2016, fig. 4e).

    Args:
        dim_in, dim_out: Channels before and after.
        num_axes: 1 for sequences, 2 for pictures.
        stride: Downsampling of every axis by the first convolution.
        kernel: Side of both kernels, odd.
        dilation: Of the second convolution.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        *,
        num_axes: int = 2,
        stride: int = 1,
        kernel: int = 3,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        conv = _CONV[num_axes]
        self.norm1, self.norm2 = ChannelNorm(dim_in), ChannelNorm(dim_out)
        self.conv1 = conv(dim_in, dim_out, kernel, stride, kernel // 2, bias=False)
        self.conv2 = conv(
            dim_out, dim_out, kernel, 1, dilation * (kernel // 2), dilation=dilation, bias=False
        )
        same = dim_in == dim_out and stride == 1
        self.skip = nn.Identity() if same else conv(dim_in, dim_out, 1, stride, bias=False)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Float[Tensor, "batch dim *place"]) -> Float[Tensor, "batch dim *place"]:
        y = torch.nn.functional.silu(self.norm1(x))
        out = self.conv2(torch.nn.functional.silu(self.norm2(self.conv1(y))))
        skip: Tensor = self.skip(x if isinstance(self.skip, nn.Identity) else y)
        return skip + out
