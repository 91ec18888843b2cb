"""Evidence as tokens: one of each column, one of all columns together."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.nn.tokens import Tokens


class EvidenceTokens(nn.Module):
    """A token per column from its components and scores, and one from the sum of joint parts.

    The joint scores are summed over the columns that are kept, so that what is hidden says
    nothing. Components are dropped at random: they fit few rows by heart.

    Args:
        num_columns, num_components, num_outputs: Of the evidence.
        dim: Of the tokens.
        dropout: Chance of dropping a component.
    """

    def __init__(
        self,
        *,
        num_columns: int,
        num_components: int,
        num_outputs: int,
        dim: int,
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        self.num_outputs = num_outputs
        self.dropout = nn.Dropout(dropout)
        self.components = nn.Parameter(
            torch.randn(num_columns, num_components, dim) * max(num_components, 1) ** -0.5
        )
        self.scores = nn.Parameter(
            torch.randn(num_columns, 2 * num_outputs, dim) * (2 * num_outputs) ** -0.5
        )
        self.joint = nn.Parameter(torch.randn(num_outputs, dim) * num_outputs**-0.5)
        self.vectors = nn.Parameter(torch.randn(num_columns + 1, dim) * 0.02)

    def forward(
        self,
        components: Float[Tensor, "batch column component"],
        scores: Float[Tensor, "batch column score"],
        keep: Bool[Tensor, "batch column"],
    ) -> tuple[Tokens, Tensor]:
        """Return tokens, those of columns that are not kept masked, and their column numbers.

        The joint token has the number after the last column's.
        """
        batch, num = keep.shape
        kept = keep[..., None].to(scores.dtype)
        own = torch.einsum("bck,ckd->bcd", self.dropout(components), self.components)
        own = own + torch.einsum("bcs,csd->bcd", scores, self.scores)
        joint = (scores[..., self.num_outputs :] * kept).sum(1) @ self.joint
        values = torch.cat([own, joint[:, None]], 1) + self.vectors
        mask = torch.cat([keep, keep.any(1, keepdim=True)], 1)
        values = values * mask[..., None]
        places = torch.zeros(batch, num + 1, 2, device=values.device)
        return Tokens(values, mask, places), torch.arange(num + 1, device=values.device)
