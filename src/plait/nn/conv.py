"""Residual convolution blocks for stems: pictures, spectrograms, series."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of each place, independent of the batch.

    Batch statistics would make a row's answer depend on its neighbours, differ between training
    and use, and leak rows under differential privacy (Ba et al. 2016; over maps: Liu et al. 2022,
    "A ConvNet for the 2020s"). In channels-last memory, which maps keep, nothing is copied.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim height width"]:
        # Autocast would run this in float32; the kernel takes bf16 and keeps its sums in float32.
        with torch.autocast(x.device.type, enabled=False):
            weight, bias = self.norm.weight.to(x.dtype), self.norm.bias.to(x.dtype)
            places = x.permute(0, 2, 3, 1)
            found = F.layer_norm(places, places.shape[-1:], weight, bias, self.norm.eps)
        return found.permute(0, 3, 1, 2)


class ConvBlock(nn.Module):
    """Pre-activation residual block of pictures: norm, SiLU, conv, twice (He et al. 2016, fig. 4e).

    Args:
        dim: Channels before and after.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(dim), ChannelNorm(dim)
        self.conv1 = nn.Conv2d(dim, dim, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(dim, dim, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv2.weight)

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim height width"]:
        y = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(y)))


class LineConv(nn.Conv1d):
    """A convolution along a line, whose channels lie side by side in memory, as maps' do.

    The line is computed as a map of one row: the kernels for maps whose channels are last take a
    half of the time of those for lines, which copy what they read (docs/log.md, 2026-12-01).

    Strides may begin at a line of one step. There a kernel's outer places see padding alone, and
    where bf16 convolutions are oneDNN's their gradient is never written: it holds what lay in that
    memory before, NaN too (docs/log.md, 2026-11-30). A second step of zeros changes no result, and
    has it written.
    """

    def forward(self, x: Float[Tensor, "batch dim time"]) -> Float[Tensor, "batch dim2 time2"]:
        if self.stride[0] == 2 and x.shape[2] == 1:
            x = F.pad(x, (0, 1))
        found = F.conv2d(
            x.unsqueeze(2).contiguous(memory_format=torch.channels_last),
            self.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last),
            self.bias,
            (1, self.stride[0]),
            (0, int(self.padding[0])),
            (1, self.dilation[0]),
            self.groups,
        )
        return found.squeeze(2)


class SequenceConv(nn.Module):
    """A convolution along time from values whose norm is over the channels of each step.

    ``conv(silu(norm(x)))``: steps know only their neighbours, so that where `x` is zero behind a
    sequence's end, what else lies in the batch changes nothing.

    Args:
        dim_in, dim_out: Channels before and after.
        kernel: Width, odd.
        stride: 2 halves the time, rounding up.
        dilation: Steps between what the kernel sees.
        silent: Whether it starts at zero, as residual ones do.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        *,
        kernel: int = 5,
        stride: int = 1,
        dilation: int = 1,
        silent: bool = False,
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim_in)
        self.conv = LineConv(
            dim_in, dim_out, kernel, stride, dilation * (kernel // 2), dilation, bias=False
        )
        if silent:
            nn.init.zeros_(self.conv.weight)

    def forward(
        self, x: Float[Tensor, "batch time dim"], mask: Float[Tensor, "batch time 1"]
    ) -> Float[Tensor, "batch time2 dim2"]:
        """Return the convolution of the real steps; `mask` is 1 where they are, 0 behind."""
        y = F.silu(self.norm(x)) * mask
        found: Tensor = self.conv(y.transpose(1, 2))
        return found.transpose(1, 2)
