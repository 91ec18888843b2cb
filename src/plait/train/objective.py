"""What a training run minimises: the contract between the loop and its objectives."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Tensor, nn

from plait.data.prepared import Prepared
from plait.types import Batch


class Objective(Protocol):
    """A module, the rows it learns from, and its loss on a batch of them."""

    @property
    def module(self) -> nn.Module:
        """Trained, averaged, kept in checkpoints; parameters without gradient are left alone."""

    prepared: Prepared
    columns: tuple[str, ...]
    rows: np.ndarray
    num_views: int
    """How many differently augmented copies of each batch `loss` is given."""

    divisible: bool
    """Whether a batch's loss is the mean of its rows' own, so that parts can be learned apart."""

    num_checked: int
    """How many rows `cost` looks at; 0 where it cannot be asked."""

    @property
    def work(self) -> str:
        """Names what a step computes: equal work, equal speed."""

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        Args:
            rows: Row numbers ``[batch]``.
            views: `num_views` batches of those rows.
            precision: Number format of the forward pass.
        """

    def after_step(self, share: float) -> None:
        """Do what follows an optimizer step (a teacher's average); `share` of the run is done."""

    def cost(self) -> float:
        """Return the cost on the validation rows, lower is better."""

    def compile(self) -> None:
        """Compile the forward pass, where that is worth it."""
