"""Series as tokens: a masked residual convolutional stem of growing reach to about 64 tokens."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import silu

from plait.modalities.series.codec import SeriesCodec
from plait.nn.tokens import Tokens, length_mask, line_positions

MAX_TOKENS = 64


class MaskedNorm(nn.Module):
    """Group normalisation (Wu and He 2018) whose statistics see real places only.

    So a row's answer does not depend on how long its neighbours in the batch are.
    """

    def __init__(self, dim: int, *, num_groups: int = 8) -> None:
        super().__init__()
        while dim % num_groups:
            num_groups //= 2
        self.num_groups = num_groups
        self.scale = nn.Parameter(torch.ones(dim, 1))
        self.shift = nn.Parameter(torch.zeros(dim, 1))

    def forward(
        self, x: Float[Tensor, "batch dim time"], mask: Float[Tensor, "batch 1 time"]
    ) -> Float[Tensor, "batch dim time"]:
        batch, dim, _ = x.shape
        grouped = x.float().reshape(batch, self.num_groups, dim // self.num_groups, -1)
        real = mask.float()[:, None]
        num = real.sum((2, 3), keepdim=True) * (dim // self.num_groups)
        mean = (grouped * real).sum((2, 3), keepdim=True) / num
        gap = (grouped - mean) * real
        variance = (gap**2).sum((2, 3), keepdim=True) / num
        normal = (gap * torch.rsqrt(variance + 1e-5)).reshape(x.shape)
        return ((normal * self.scale + self.shift) * mask).to(x.dtype)


class MaskedBlock(nn.Module):
    """Pre-activation residual block along time that keeps padding at zero.

    Args:
        dim_in, dim_out: Channels before and after.
        stride: Downsampling by the first convolution.
        dilation: Of the second convolution.
    """

    def __init__(self, dim_in: int, dim_out: int, *, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.norm1, self.norm2 = MaskedNorm(dim_in), MaskedNorm(dim_out)
        self.conv1 = nn.Conv1d(dim_in, dim_out, 7, stride, 3, bias=False)
        self.conv2 = nn.Conv1d(dim_out, dim_out, 5, 1, 2 * dilation, dilation, bias=False)
        same = dim_in == dim_out and stride == 1
        self.skip = nn.Identity() if same else nn.Conv1d(dim_in, dim_out, 1, stride, bias=False)
        nn.init.zeros_(self.conv2.weight)

    def forward(
        self, x: Float[Tensor, "batch dim time"], mask: Float[Tensor, "batch 1 time"]
    ) -> tuple[Tensor, Tensor]:
        """Return the new values and the mask at the new stride."""
        y = silu(self.norm1(x, mask)) * mask
        skip: Tensor = self.skip(x)
        mask = mask[:, :, :: self.stride]
        y = self.conv2(silu(self.norm2(self.conv1(y) * mask, mask)) * mask)
        return (skip + y) * mask, mask


class Embed(nn.Module):
    """One token of level, spread and length, then the stem's tokens along time.

    The stem sees each channel twice: on the column's scale and normalised by its own mean and
    spread; and, where series have gaps, which places were observed.

    Args:
        codec: Gives channels and the usual length, hence the number of halvings.
        dim: Of the tokens; the stem's widths grow from ``dim // 2`` up to it.
        num_blocks: Residual blocks per resolution, of dilations 1, 2, 4, ...
    """

    def __init__(self, codec: SeriesCodec, dim: int, *, num_blocks: int = 2) -> None:
        super().__init__()
        num_channels = max(codec.num_channels, 1)
        num_halvings = max(0, (codec.num_steps - 1).bit_length() - MAX_TOKENS.bit_length() + 1)
        width = max(16, dim // 2 // 8 * 8)
        self.first = nn.Conv1d((3 if codec.gaps else 2) * num_channels, width, 9, padding=4)
        blocks, before = [], width
        for level in range(num_halvings + 1):
            after = dim if level == num_halvings else width
            blocks.append(MaskedBlock(before, after, stride=1 if level == 0 else 2))
            blocks += [MaskedBlock(after, after, dilation=2**i) for i in range(1, num_blocks)]
            before = after
        self.blocks = nn.ModuleList(blocks)
        self.norm = MaskedNorm(dim)
        self.out = nn.Conv1d(dim, dim, 1)
        self.level = nn.Linear(2 * num_channels + 1, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        values, moments, num_steps = parts["values"], parts["moments"], lengths["time"]
        mask = length_mask(num_steps, values.shape[1])[:, None].to(self.first.weight.dtype)
        x = self.first(_views(parts).to(mask.dtype) * mask) * mask
        for block in self.blocks:
            x, mask = block(x, mask)
        x = self.out(silu(self.norm(x, mask)))
        tokens = line_positions(x.transpose(1, 2), mask[:, 0].sum(-1).long())
        length = num_steps.float().log()[:, None]
        summary = torch.cat([moments.clamp(-8, 8).flatten(1), length], dim=1)
        return _put_first(self.level(summary.to(mask.dtype)), tokens)


def _views(parts: dict[str, Tensor]) -> Float[Tensor, "batch view time"]:
    values, moments = parts["values"], parts["moments"]
    mean, spread = moments[:, None, :, 0], moments[:, None, :, 1].exp()
    views = [values.clamp(-8, 8), ((values - mean) / spread).clamp(-8, 8)]
    if "seen" in parts:
        views.append(parts["seen"].to(values.dtype))
    return torch.cat(views, dim=-1).transpose(1, 2)


def _put_first(token: Float[Tensor, "batch dim"], tokens: Tokens) -> Tokens:
    real: Bool[Tensor, "batch 1"] = torch.ones_like(tokens.mask[:, :1])
    return Tokens(
        torch.cat([token[:, None].to(tokens.values.dtype), tokens.values], dim=1),
        torch.cat([real, tokens.mask], dim=1),
        torch.cat([torch.zeros_like(tokens.positions[:, :1]), tokens.positions], dim=1),
    )
