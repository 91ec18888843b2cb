"""Text as tokens: learned byte-pair pieces, each mixed with its neighbours."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.text.codec import TextCodec
from plait.nn.tokens import Tokens, length_mask, line_positions


class Embed(nn.Module):
    """Piece embeddings plus a residual depthwise-separable convolution over five places.

    The convolution lets a piece know its word (Wu et al. 2019, "Pay Less Attention with
    Lightweight and Dynamic Convolutions"). Padding is zeroed before it, so that a row's tokens
    do not depend on the batch. Its output starts at zero.

    Args:
        codec: Gives the number of pieces.
        dim: Of the tokens.
        kernel: Width of the convolution, odd.
    """

    def __init__(self, codec: TextCodec, dim: int, *, kernel: int = 5) -> None:
        super().__init__()
        self.table = nn.Embedding(codec.num_pieces, dim)
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.out = nn.Linear(dim, dim)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        ids = parts["tokens"].long()
        x = self.table(ids)
        real = length_mask(lengths["token"], ids.shape[1])[..., None]
        near = torch.where(real, self.norm(x), 0.0).transpose(1, 2)
        x = x + self.out(nn.functional.silu(self.mix(near).transpose(1, 2)))
        return line_positions(x, lengths["token"])
