"""Categories as tokens (lookup) and as a target (linear classifier)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.modalities.category.codec import CategoryCodec
from plait.nn.tokens import Tokens, point_positions


class Embed(nn.Module):
    """One token per label."""

    def __init__(self, codec: CategoryCodec, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(len(codec.labels) + 1, dim)
        nn.init.normal_(self.table.weight, std=0.5)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        return point_positions(self.table(parts["label"].long()))


class LabelScores(nn.Module):
    """A score for each label from one pooled query; 0 at the start."""

    num_queries = 1

    def __init__(self, num_labels: int, dim: int) -> None:
        super().__init__()
        self.num_raw = num_labels
        self.out = nn.Linear(dim, num_labels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, latent: Float[Tensor, "batch query dim"]) -> Float[Tensor, "batch output"]:
        return self.out(latent[:, 0])


class Target(LabelScores):
    """Class probabilities from one pooled query; cross-entropy with label smoothing."""

    def __init__(self, codec: CategoryCodec, dim: int) -> None:
        super().__init__(len(codec.labels), dim)

    def loss(
        self,
        raw: Float[Tensor, "batch output"],
        truth: Int[Tensor, " batch"],
        *,
        smoothing: float = 0.0,
        weight: Tensor | None = None,
    ) -> Float[Tensor, " batch"]:
        """Per-row cross-entropy; rows of unseen classes (truth -1) cost nothing."""
        return nn.functional.cross_entropy(
            raw, truth, weight=weight, label_smoothing=smoothing, ignore_index=-1, reduction="none"
        )

    def distance(self, raw: Tensor, said: Tensor) -> Float[Tensor, " batch"]:
        """Cross-entropy with the classes as likely as other logits say."""
        return nn.functional.cross_entropy(raw, said.softmax(-1), reduction="none")

    def outputs(self, raw: Tensor) -> Float[Tensor, "batch output"]:
        """Return class probabilities."""
        return torch.softmax(raw.float(), dim=-1)
