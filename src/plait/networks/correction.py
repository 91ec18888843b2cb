"""A head that begins at what simple models say together, and learns what they lack."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.modalities import Codec, find_network

PULL = 1e-3
"""Strength that pulls the offset to saying nothing."""

MAX_STEPS = 100

SOFT_SHARE = 0.7
"""Of the loss that is the distance to what the offset says (docs/log.md, 2026-11-30)."""


class Correction(nn.Module):
    """Raw outputs that are added to an offset: what simple models say together.

    The offset is a weighted sum of what each column's simple model says by itself and of what one
    model of all columns says (a logarithmic opinion pool for classes: Genest and Zidek 1986,
    section 3). Columns that are not kept leave both sums. The head starts at zero: before the first
    step a network answers as the offset does, and training only adds.

    Args:
        codec: Of the target.
        dim: Of the pooled query.
        num_columns, num_outputs: Of the evidence's scores.
    """

    weights: Tensor
    bias: Tensor

    def __init__(self, codec: Codec, dim: int, *, num_columns: int, num_outputs: int) -> None:
        super().__init__()
        self.num_outputs = num_outputs
        self.head = find_network(codec.modality).Target(codec, dim)
        self.register_buffer("weights", torch.zeros(num_columns + 1))
        self.register_buffer("bias", torch.zeros(num_outputs))

    def forward(
        self, latent: Float[Tensor, "batch query dim"], said: Float[Tensor, "batch said"]
    ) -> Float[Tensor, "batch output"]:
        """Return the head's raw outputs, moved by the offset."""
        raw: Tensor = self.head(latent)
        return raw.float() + said

    def offset(
        self,
        scores: Float[Tensor, "batch column score"],
        keep: Bool[Tensor, "batch column"],
    ) -> Float[Tensor, "batch said"]:
        """Return what simple models say together, on the scale of raw outputs.

        Args:
            scores: Of each column: its own model's, then its part of the joint model's.
            keep: Which columns count.
        """
        return torch.einsum("bmo,m->bo", self._members(scores, keep), self.weights) + self.bias

    def _members(self, scores: Tensor, keep: Tensor) -> Tensor:
        """Return what each simple model says, ``[batch, member, said]``, the joint one last."""
        kept = scores.float() * keep[..., None].to(scores.dtype)
        own, joint = kept[..., : self.num_outputs], kept[..., self.num_outputs :].sum(1)
        return torch.cat([own, joint[:, None]], 1)

    @torch.enable_grad()
    def fit_offset(self, scores: Tensor, keep: Tensor, truth: Tensor) -> None:
        """Choose the offset's weights, none below 0, by the target's own loss.

        Args:
            scores: Of rows by fits without them, as for `offset`.
            keep: As for `offset`.
            truth: Targets of the rows.
        """
        members = self._members(scores, keep)
        roots = torch.full_like(self.weights, len(self.weights) ** -0.5).requires_grad_()
        bias = torch.zeros_like(self.bias).requires_grad_()
        optimizer = torch.optim.LBFGS(
            [roots, bias], max_iter=MAX_STEPS, line_search_fn="strong_wolfe"
        )
        width = self.head.num_raw

        def loss() -> Tensor:
            optimizer.zero_grad()
            said = torch.einsum("bmo,m->bo", members, roots**2) + bias
            cost: Tensor = self.head.loss(said.expand(-1, width), truth).mean()
            cost = cost + PULL * ((roots**2).sum() + (bias**2).sum())
            cost.backward()
            return cost

        optimizer.step(loss)
        self.weights.copy_(roots.detach() ** 2)
        self.bias.copy_(bias.detach())

    def loss(self, raw: Tensor, said: Tensor, truth: Tensor, **options: Any) -> Tensor:
        """Return the loss of each row, most of which is of the distance to what the offset says.

        Args:
            raw: From `forward`.
            said: The offset, of rows by fits without them: soft targets (Hinton et al. 2015,
                "Distilling the knowledge in a neural network").
            truth: Targets.
            options: As for the loss of the target's ``Target``.
        """
        hard: Tensor = self.head.loss(raw, truth, **options)
        soft: Tensor = self.head.distance(raw, said)
        return (1 - SOFT_SHARE) * hard + SOFT_SHARE * soft
