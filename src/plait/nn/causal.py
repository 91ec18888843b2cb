"""A causal transformer: states of a sequence's places, each of which sees only those before it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.nn.attention import attend, merge_heads, split_heads
from plait.nn.decoder import heads_of
from plait.nn.transformer import FeedForward, Places


class CausalLayer(nn.Module):
    """Pre-norm self-attention to the places before, and feed-forward; it starts as the identity."""

    def __init__(self, *, dim: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = heads_of(dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.feed_forward = FeedForward(dim=dim, hidden=2 * dim)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Float[Tensor, "batch place dim"], mask: Tensor) -> Tensor:
        q, k, v = split_heads(self.qkv(self.norm1(x)), num_parts=3, num_heads=self.num_heads)
        x = x + self.dropout(self.out(merge_heads(attend(q, k, v, mask))))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class CausalEncoder(nn.Module):
    """Layers over a sequence from its first place on (Kang & McAuley 2018, "Self-Attentive
    Sequential Recommendation"); what lies behind a sequence's end changes none of its states.

    Args:
        dim: Of places, a multiple of 4.
        depth: Number of layers.
        dropout: Of places, and of what each layer adds, in training.
    """

    def __init__(self, *, dim: int, depth: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        self.places = Places(dim)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(CausalLayer(dim=dim, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Float[Tensor, "batch place dim"]) -> Float[Tensor, "batch place dim"]:
        batch, num, _ = x.shape
        time = torch.arange(num, device=x.device, dtype=torch.float32)
        positions = torch.stack([time, torch.zeros_like(time)], -1).expand(batch, -1, -1)
        x = self.dropout(x + self.places(positions).to(x.dtype))
        mask = torch.ones(num, num, dtype=torch.bool, device=x.device).tril()
        mask = mask.expand(batch, 1, -1, -1)
        for layer in self.layers:
            x = layer(x, mask)
        found: Tensor = self.norm(x)
        return found
