"""Histories as tokens: the last items, each with the gap before it and its amounts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.history.codec import HistoryCodec
from plait.nn.tokens import Tokens

NUM_TOKENS = 16
"""Of the last items, so many are tokens: a head that recommends reads all by itself."""

NUM_BUCKETS = 8192
"""Items of one bucket share a vector."""


class Embed(nn.Module):
    """A token for each of the last items, whose places are counted from the last one back."""

    def __init__(self, codec: HistoryCodec, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(NUM_BUCKETS, dim)
        self.about = nn.Linear(1 + max(len(codec.amounts), 1), dim)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.zeros_(self.about.bias)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        back = torch.arange(NUM_TOKENS, device=parts["item"].device)
        places = lengths["time"][:, None] - 1 - back[None]
        mask = places >= 0
        places = places.clamp(min=0)
        codes = parts["item"].long().gather(1, places)
        about = torch.cat([parts["gap"][..., None], parts["amounts"]], -1)
        about = about.gather(1, places[..., None].expand(-1, -1, about.shape[-1]))
        values = self.table(codes % NUM_BUCKETS) + self.about(about.to(self.about.weight.dtype))
        time = back.float().expand(len(places), -1)
        positions = torch.stack([time, torch.zeros_like(time)], -1)
        return Tokens(values * mask[..., None], mask, positions)
