"""Vectors as tokens: each standardised, normalised, and projected by one linear layer."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.modalities.vector.codec import VectorCodec
from plait.nn.time_line import LINE_DIM, LineBlocks, TimeLine
from plait.nn.tokens import Tokens, average_spans, length_mask, line_positions

LINE_TOKENS = 32
"""Tokens, at most, of what was when."""


class Embed(nn.Module):
    """One token per vector, the first (pooled) one at (0, 0), the others behind it.

    Standardising each dimension first keeps the few huge ones that transformers have (Timkey and
    van Schijndel 2021, "All Bark and No Bite") from drowning the rest in the layer norm.

    Where the others are a line in time, it is offered as such, and its tokens are the means of 32
    spans of it.

    Args:
        codec: Gives the vectors' size, and mean and scale of each dimension where it was fitted.
        dim: Of the tokens.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, codec: VectorCodec, dim: int) -> None:
        super().__init__()
        size = max(codec.dim, 1)
        mean = torch.tensor(codec.mean or [0.0] * size, dtype=torch.float32)
        scale = torch.tensor(codec.scale or [1.0] * size, dtype=torch.float32)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        self.norm, self.norm_local = nn.LayerNorm(size), nn.LayerNorm(size)
        self.out, self.out_local = nn.Linear(size, dim), nn.Linear(size, dim)
        self.offers_line = codec.lined
        self.first = nn.Linear(size, LINE_DIM) if codec.lined else None
        self.fine = LineBlocks(LINE_DIM) if codec.lined else None

    def line(
        self, parts: dict[str, Tensor], lengths: dict[str, Tensor], present: Bool[Tensor, " batch"]
    ) -> TimeLine:
        """Return what was when, where the codec's vectors tell it."""
        if self.first is None or self.fine is None:
            raise ValueError("this column offers no line")
        num = lengths["token"] - 1
        places, num_places = self._places(parts["vectors"], num), num.clamp_min(1)
        return TimeLine(self.fine.passed(self.first(places), num_places), num_places, present)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        vectors, num = parts["vectors"].float(), lengths["token"]
        first = self.out(self.norm((vectors[:, :1] - self.mean) / self.scale))
        if self.fine is None:
            local = self.out_local(self.norm_local(vectors[:, 1:]))
            return line_positions(torch.cat([first, local], 1), num)
        places = self._places(vectors, num - 1)
        spans = average_spans(places, (num - 1).clamp_min(1), LINE_TOKENS)
        tokens = torch.cat([first, self.out_local(spans.values)], 1)
        return line_positions(tokens, 1 + spans.mask.sum(1))

    def _places(self, vectors: Tensor, num: Tensor) -> Float[Tensor, "batch place dim"]:
        """Return the vectors in time, one at least; zeros behind a row's last one."""
        places: Tensor = self.norm_local((vectors[:, 1:].float() - self.mean) / self.scale)
        if not places.shape[1]:
            return places.new_zeros(len(places), 1, places.shape[2])
        return places * length_mask(num, places.shape[1])[:, :, None]
