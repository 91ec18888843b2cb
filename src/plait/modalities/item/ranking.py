"""Rankings: items in the order in which they are recommended, and rankings of several models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.types import Arrays

MOST_RANKED = 1000
"""Items of a ranking, at most: the rest is equally likely."""

NEVER = -1e9
"""Score of what is not to be recommended."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Items, the best first; a single one is what somebody took.

    Attributes:
        items: Names, object ``[rank]``.
        scores: Logarithms of their probabilities, float32 ``[rank]``.
    """

    items: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, *items: str) -> Ranking:
        """Return the ranking of items that are equally good."""
        return cls(np.array(items, object), np.zeros(len(items), np.float32))

    @property
    def first(self) -> str:
        """The best."""
        return str(self.items[0])


def ranked(scores: np.ndarray, *, most: int = MOST_RANKED) -> list[Arrays]:
    """Return the rankings of scores ``[row, item]``, whose softmax are probabilities.

    Items are numbered from 1. Those of a score of `NEVER` come last, and count as likely as what is
    not listed. Equal scores are ranked in the order of the items.
    """
    exact = scores.astype(np.float64)
    exact -= exact.max(axis=1, keepdims=True)
    exact -= np.log(np.exp(exact).sum(axis=1, keepdims=True))
    most = min(most, exact.shape[1])
    found = []
    for row in exact:
        order = np.argsort(-row, kind="stable")[:most]
        kept = order[row[order] > NEVER / 2]
        kept = kept if len(kept) else order[:1]
        scored = row[kept].astype(np.float32)
        found.append({"item": (kept + 1).astype(np.int32), "score": scored})
    return found


def whole(ranking: Arrays, num_items: int) -> np.ndarray:
    """Return the logarithm of every item's probability, float64 ``[item]``.

    What is not listed shares what is left of the probability.
    """
    places = ranking["item"].astype(np.int64) - 1
    listed = places >= 0
    scores = ranking["score"][listed].astype(np.float64)
    left = max(1.0 - float(np.exp(scores).sum()), 1e-6)
    found = np.full(num_items, np.log(left / max(num_items - len(scores), 1)))
    found[places[listed]] = scores
    return found


def mixed(
    parts: Sequence[Sequence[Arrays]], weights: Sequence[float], num_items: int
) -> list[Arrays]:
    """Return rankings by a product of experts: the weighted sum of the parts' log-probabilities."""
    found = []
    for rankings in zip(*parts, strict=True):
        total = np.zeros(num_items)
        for ranking, weight in zip(rankings, weights, strict=True):
            total += weight * whole(ranking, num_items)
        found += ranked(total[None])
    return found
