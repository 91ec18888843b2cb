"""Learning to draw whole rows: guess what is hidden of a row, whatever is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from plait.data.prepared import Prepared, PreparedColumn
from plait.modalities import Codec
from plait.networks.masked_rows import MaskedRows
from plait.train.data_parallel import LEAST_ROWS
from plait.train.objective import views_of
from plait.train.precision import autocast
from plait.types import Arrays, ArraySpec, Batch, ColumnBatch, Layout

CODES = "codes"
MAX_ROWS_PER_CHECK = 2048
CHECK_SEED = 17
"""Of what is hidden of the rows of a check: the same each time, so that checks can be compared."""


@dataclass(frozen=True)
class _CodesLayout:
    """What stands in for a codec where rows are codes already."""

    num_variables: int

    @property
    def layout(self) -> Layout:
        return {CODES: ArraySpec((self.num_variables,), "int64")}


class _CodesStore:
    """Rows of codes as the values of one column, which every row has."""

    def __init__(self, codes: np.ndarray) -> None:
        self._codes, self.num_rows = codes, len(codes)
        self.present = np.ones(len(codes), bool)
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}

    def row(self, row: int) -> Arrays:
        return {CODES: self._codes[row]}

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        return ColumnBatch({CODES: self._codes[rows]}, {}, self.present[rows])

    def lengths(self) -> np.ndarray:
        return np.ones(self.num_rows, np.int64)


class GuessHidden:
    """An `Objective`: from a random set of known variables, guess all others.

    The loss is an unbiased estimate of minus a row's log-likelihood, averaged over all orders in
    which it may be drawn (Hoogeboom et al. 2022, equation 5).

    Args:
        network: What learns.
        codes: int64 ``[row, variable]``, of training rows and then those of validation.
        num_learned: So many of them are learned from.
    """

    least_part: int | None = LEAST_ROWS

    def __init__(self, network: MaskedRows, codes: np.ndarray, num_learned: int) -> None:
        self.module, self._codes = network, codes
        self.columns: tuple[str, ...] = (CODES,)
        self.shared: tuple[str, ...] = ()
        column = PreparedColumn(cast("Codec", _CodesLayout(codes.shape[1])), _CodesStore(codes))
        self.prepared = Prepared({CODES: column}, len(codes))
        self.rows = np.arange(num_learned)
        self.views = views_of(self.rows)
        self._held = np.arange(num_learned, len(codes))[:MAX_ROWS_PER_CHECK]
        self.num_checked = len(self._held)

    @property
    def work(self) -> str:
        return f"rows of {self.module.sizes}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        codes = views[0][CODES].parts[CODES]
        known, weights = _hidden(len(codes), codes.shape[1], None)
        with autocast(precision, codes.device):
            losses = self.module.losses(codes, known.to(codes.device))
        return (losses.sum(1) * weights.to(codes.device)).mean()

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    @torch.no_grad()
    def cost(self) -> float:
        device = next(self.module.eval().parameters()).device
        codes = torch.from_numpy(self._codes[self._held]).to(device)
        random = torch.Generator().manual_seed(CHECK_SEED)
        known, weights = _hidden(len(codes), codes.shape[1], random)
        losses = self.module.losses(codes, known.to(device)).sum(1).cpu() * weights
        return float(losses.double().mean())

    def compile(self) -> None:
        """The network is small: nothing is compiled."""


def _hidden(num: int, size: int, random: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Return which variables are known, bool ``[row, variable]``, and how much each row counts.

    Of 0 to ``size - 1`` known ones, each number is as likely.
    """
    ranks = torch.rand(num, size, generator=random).argsort(1).argsort(1)
    many = torch.randint(0, size, (num, 1), generator=random)
    return ranks < many, size / (size - many[:, 0]).float()
