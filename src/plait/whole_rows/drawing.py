"""What draws whole rows: the contract between its kinds and those who use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np


class RowDrawer(Protocol):
    """A distribution over rows of codes; see `plait.whole_rows.columns` for what these are."""

    @property
    def name(self) -> str:
        """As bundles call it."""

    def draw(
        self, codes: np.ndarray, given: np.ndarray, places: np.ndarray, temperature: float
    ) -> np.ndarray:
        """Return rows in which all that is not given is drawn from what is.

        Args:
            codes: int64 ``[row, variable]``.
            given: bool ``[row, variable]``: which of them are known.
            places: float64 ``[row, variable]`` in [0, 1): by which each is drawn, so that a row is
                the same in whatever company it is drawn.
            temperature: 1 draws as often as was learned, 0 takes the likeliest, one by one.
        """

    def log_likelihood(self, codes: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of whole rows, in nats, float64 ``[row]``."""

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return all that it has learned."""


LEAST_SHARE = 1e-9
"""Of a code that no training row has: as good as never drawn, and no likelihood is zero."""


def shares_of(codes: np.ndarray, size: int) -> np.ndarray:
    """Return how often each code occurs among codes ``[row]``, float64 ``[code]``, none of them 0.

    >>> shares_of(np.array([1, 1, 2]), 3).round(3).tolist()
    [0.0, 0.667, 0.333]
    """
    shares = np.maximum(np.bincount(codes, minlength=size) / len(codes), LEAST_SHARE)
    return shares / shares.sum()


def drawn(shares: np.ndarray, places: np.ndarray, temperature: float) -> np.ndarray:
    """Return a code per row, int64 ``[row]``, by the inverse of the distribution function.

    Args:
        shares: float64 ``[row, code]``, of any sum above 0.
        places, temperature: As of `RowDrawer.draw`.

    >>> drawn(np.array([[1.0, 3.0], [1.0, 3.0]]), np.array([0.2, 0.3]), 1.0).tolist()
    [0, 1]
    """
    if temperature == 0:
        return shares.argmax(1)
    if temperature != 1:
        shares = (shares / shares.max(1, keepdims=True)) ** (1 / temperature)
    sums = shares.cumsum(1)
    found = (sums <= places[:, None] * sums[:, -1:]).sum(1)
    last = shares.shape[1] - 1 - (shares[:, ::-1] > 0).argmax(1)
    return np.minimum(found, last)
