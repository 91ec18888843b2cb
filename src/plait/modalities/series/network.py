"""Series as tokens: residual convolutions along time, halving it until about 32 tokens are left."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.modalities.series.codec import SeriesCodec
from plait.nn.conv import SequenceConv
from plait.nn.tokens import Tokens, length_mask, line_positions

MAX_TOKENS = 32


class Embed(nn.Module):
    """One token of level, spread and length, then the stem's tokens along time.

    The stem sees each channel twice: on the column's scale and normalised by its own mean and
    spread; and, where series have gaps, which places were observed.

    Args:
        codec: Gives channels and the usual length, hence the number of halvings.
        dim: Of the tokens.
        num_blocks: Residual convolutions after each halving, of dilations 1, 2, 4, ...
    """

    def __init__(self, codec: SeriesCodec, dim: int, *, num_blocks: int = 1) -> None:
        super().__init__()
        num_channels = max(codec.num_channels, 1)
        num_halvings = 0
        while codec.num_steps > MAX_TOKENS * 2**num_halvings:
            num_halvings += 1
        views = (3 if codec.gaps else 2) * num_channels
        self.num_blocks = num_blocks
        self.strides = [2] * num_halvings or [1]
        self.first = nn.Conv1d(views, dim, 9, self.strides[0], 4)
        self.halvings = nn.ModuleList(
            SequenceConv(dim, dim, kernel=7, stride=stride) for stride in self.strides[1:]
        )
        self.blocks = nn.ModuleList(
            SequenceConv(dim, dim, dilation=2**i, silent=True)
            for _ in self.strides
            for i in range(num_blocks)
        )
        self.level = nn.Linear(2 * num_channels + 1, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        values, moments, num_steps = parts["values"], parts["moments"], lengths["time"]
        mask = length_mask(num_steps, values.shape[1])[..., None].to(self.first.weight.dtype)
        views = _views(parts).to(mask.dtype) * mask.transpose(1, 2)
        x = self.first(views).transpose(1, 2)
        for place, stride in enumerate(self.strides):
            if place:
                x = self.halvings[place - 1](x, mask)
            mask = mask[:, ::stride]
            for block in self.blocks[place * self.num_blocks : (place + 1) * self.num_blocks]:
                x = x + block(x, mask)
        tokens = line_positions(x * mask, mask[..., 0].sum(-1).long())
        length = num_steps.float().log()[:, None]
        summary = torch.cat([moments.clamp(-8, 8).flatten(1), length], dim=1)
        return _put_first(self.level(summary.to(x.dtype)), tokens)


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
