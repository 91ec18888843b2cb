"""What a training run minimises: the contract between the loop and its objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor, nn

from plait.data.prepared import Prepared
from plait.data.together import Together
from plait.types import Batch


@dataclass(frozen=True)
class View:
    """What each step is given a batch of.

    Attributes:
        rows: Row numbers.
        number: Views that differ only in this are of the same rows, augmented otherwise.
        plain_epochs: So many epochs begin without augmentation.
        together: What varies columns of several rows together, the target's among them.
    """

    rows: np.ndarray
    number: int = 0
    plain_epochs: int = 0
    together: Together | None = None


def views_of(rows: np.ndarray, num: int = 1) -> tuple[View, ...]:
    """Return so many views of the same rows; of one alone, the first epoch is not augmented."""
    return tuple(View(rows, number, plain_epochs=1 if num == 1 else 0) for number in range(num))


class Objective(Protocol):
    """A module, the rows it learns from, and its loss on a batch of them."""

    @property
    def module(self) -> nn.Module:
        """Trained, averaged, kept in checkpoints; parameters without gradient are left alone."""

    prepared: Prepared
    columns: tuple[str, ...]
    rows: np.ndarray
    views: tuple[View, ...]
    """What `loss` is given a batch of; the first is of `rows`."""

    shared: tuple[str, ...]
    """Columns of which rows of a batch may share values, where large ones recur."""

    least_part: int | None
    """Fewest rows of a part of a batch that is worth a process of its own; None where the loss of a
    batch is not the mean of its rows' own, so that parts cannot be learned apart."""

    num_checked: int
    """How many rows `cost` looks at; 0 where it cannot be asked."""

    @property
    def work(self) -> str:
        """Names what a step computes: equal work, equal speed."""

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        Args:
            rows: Row numbers ``[batch]`` of the first view.
            views: A batch of each of the views.
            precision: Number format of the forward pass.
        """

    def after_step(self, share: float) -> None:
        """Do what follows an optimizer step (a teacher's average); `share` of the run is done."""

    def cost(self) -> float:
        """Return the cost on the validation rows, lower is better."""

    def compile(self) -> None:
        """Compile the forward pass, where that is worth it."""
