"""Vectors as tokens: each standardised, normalised, and projected by one linear layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.vector.codec import VectorCodec
from plait.nn.tokens import Tokens, line_positions


class Embed(nn.Module):
    """One token per vector, the first (pooled) one at (0, 0), the others behind it.

    Standardising each dimension first keeps the few huge ones that transformers have (Timkey and
    van Schijndel 2021, "All Bark and No Bite") from drowning the rest in the layer norm.

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

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        vectors = parts["vectors"].float()
        first = self.out(self.norm((vectors[:, :1] - self.mean) / self.scale))
        local = self.out_local(self.norm_local(vectors[:, 1:]))
        return line_positions(torch.cat([first, local], 1), lengths["token"])
