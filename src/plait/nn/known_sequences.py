"""Sequences that are known: which of them are like another, by what they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NUM_KINDS = 512
"""Into so many kinds symbols and pairs of them fall, by a hash."""


class KnownSequences:
    """Sequences of symbols, found by those that they have in common with another.

    Args:
        members: Numbers from 1 on, in their order.
    """

    def __init__(self, members: Sequence[Sequence[int]]) -> None:
        self.members = [tuple(one) for one in members]
        counts = [_counts(one) for one in self.members]
        self._counts = np.stack(counts) if counts else np.zeros((0, NUM_KINDS), np.float32)

    def near(self, symbols: Sequence[int], num: int) -> list[tuple[int, ...]]:
        """Return those that differ least from a sequence, at most so many, the nearest first.

        >>> KnownSequences([(1, 2, 3), (4, 5), (1, 2)]).near((1, 2, 2), 2)
        [(1, 2), (1, 2, 3)]
        """
        gap = np.abs(self._counts - _counts(symbols)).sum(1)
        return [self.members[place] for place in np.argsort(gap, kind="stable")[:num]]


def _counts(symbols: Sequence[int]) -> np.ndarray:
    """Return how often each kind of symbol, and of two after each other, occurs."""
    line = np.array([0, *symbols, 0], np.int64)
    kinds = np.concatenate([line[1:-1], 31 * line[:-1] + 17 * line[1:] + 7])
    return np.bincount(kinds % NUM_KINDS, minlength=NUM_KINDS).astype(np.float32)
