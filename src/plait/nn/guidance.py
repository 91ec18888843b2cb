"""Classifier-free guidance: what is written is pushed away from what would be written unasked."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.nn.beam import Writes
from plait.nn.conditions import Conditions

UNASKED = 0.1
"""Share of the rows that are learned from without their conditions."""


class Unasked(nn.Module):
    """What stands in the place of a row's conditions where they are hidden: learned queries alone.

    Args:
        num_queries: Queries of the head.
        dim: Of tokens.
    """

    def __init__(self, *, num_queries: int, dim: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(num_queries, dim))

    def forward(self, conditions: Conditions, hidden: Bool[Tensor, " batch"]) -> Conditions:
        """Return conditions that tell nothing of the hidden rows."""
        tokens, pooled = conditions.tokens, conditions.pooled
        mask = tokens.mask & ~hidden[:, None]
        queries = torch.where(hidden[:, None, None], self.queries.to(pooled.dtype), pooled)
        return conditions._replace(tokens=tokens._replace(mask=mask), pooled=queries)

    def some(self, conditions: Conditions) -> Conditions:
        """Return conditions that tell nothing of rows without any column, and in training of some
        others, by lot."""
        hidden = unasked_rows(conditions)
        if self.training:
            hidden = hidden | (torch.rand(len(hidden), device=hidden.device) < UNASKED)
        return self(conditions, hidden)

    def all(self, conditions: Conditions) -> Conditions:
        """Return conditions that tell nothing."""
        return self(conditions, torch.ones_like(unasked_rows(conditions)))


def unasked_rows(conditions: Conditions) -> Bool[Tensor, " batch"]:
    """Return which rows have no column at all; none where the columns are not told."""
    if not conditions.inputs:
        return torch.zeros(
            len(conditions.pooled), dtype=torch.bool, device=conditions.pooled.device
        )
    present = [one.present for one in conditions.inputs.values()]
    return ~torch.stack(present).any(0)


class Guided:
    """Writes by ``log p(x) + strength (log p(x | asked) - log p(x))``.

    (Ho and Salimans 2022, "Classifier-free diffusion guidance", equation 6, whose w is strength
    minus 1, of the logits of pieces as in Sanchez et al. 2023, "Stay on topic with classifier-free
    guidance".) Of strength 1 it writes as asked, and of 0 as unasked.

    Args:
        asked: Writes in sight of the conditions.
        unasked: Writes without.
        strength: How far to go.
    """

    def __init__(self, asked: Writes, unasked: Writes, strength: float) -> None:
        self._both, self._strength = (asked, unasked), strength
        self.device = asked.device

    def follow(self, pieces: Int[Tensor, " batch"]) -> Float[Tensor, "batch piece"]:
        """Write a piece in each row, and return the logits of the next one."""
        told, free = (one.follow(pieces).float().log_softmax(-1) for one in self._both)
        return free + self._strength * (told - free)

    def take(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with some of the rows, in this order; a row may be taken more than once."""
        for one in self._both:
            one.take(rows)

    def reorder(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with what was written in other rows, each of which has the same conditions."""
        for one in self._both:
            one.reorder(rows)
