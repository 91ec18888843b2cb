"""Sets of labels as tokens (lookup and their mean) and as a target (one yes or no per label)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.modalities.categories.codec import CategoriesCodec
from plait.modalities.category.network import LabelScores
from plait.nn.tokens import Tokens, length_mask

MAX_TOKENS = 16


class Embed(nn.Module):
    """A token for the whole set (the mean of its labels), then one for each of the first 16."""

    def __init__(self, codec: CategoriesCodec, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(len(codec.labels) + 2, dim)
        nn.init.normal_(self.table.weight, std=0.5)
        self.whole = nn.Linear(dim, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        values = self.table(parts["labels"].long())
        mask = length_mask(lengths["label"], values.shape[1])
        real = mask[..., None].to(values.dtype)
        mean = (values * real).sum(1) / real.sum(1)
        tokens = torch.cat([self.whole(mean)[:, None], values[:, :MAX_TOKENS]], dim=1)
        mask = torch.cat([torch.ones_like(mask[:, :1]), mask[:, :MAX_TOKENS]], dim=1)
        places = torch.zeros(*tokens.shape[:2], 2, device=tokens.device)
        return Tokens(tokens, mask, places)


class Target(LabelScores):
    """Label probabilities from one pooled query; binary cross-entropy, mean over the labels."""

    def __init__(self, codec: CategoriesCodec, dim: int) -> None:
        super().__init__(len(codec.labels), dim)

    def loss(
        self,
        raw: Float[Tensor, "batch output"],
        truth: Float[Tensor, "batch output"],
        *,
        smoothing: float = 0.0,
        weight: Tensor | None = None,
    ) -> Float[Tensor, " batch"]:
        """Per-row loss. `smoothing` moves truths towards one half; `weight` is per label."""
        soft = truth.float() * (1.0 - smoothing) + 0.5 * smoothing
        cost = nn.functional.binary_cross_entropy_with_logits(raw.float(), soft, reduction="none")
        return (cost if weight is None else cost * weight).mean(-1)

    def distance(self, raw: Tensor, said: Tensor) -> Float[Tensor, " batch"]:
        """Cross-entropy with the labels as likely as other logits say, mean over the labels."""
        return self.loss(raw, said.sigmoid())

    def outputs(self, raw: Tensor) -> Float[Tensor, "batch output"]:
        """Return label probabilities."""
        return torch.sigmoid(raw.float())
