"""Simple models of items: what is popular, what follows the last one, item-kNN and EASE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from plait.modalities.item.histories import taken_by, transitions
from plait.modalities.item.ranker import MOST_ITEMS, KeptRanker, Related
from plait.modalities.item.relations import as_kept, cosine, ease

PRIOR_COUNT = 5.0
"""What follows an item begins as likely as it is popular, as if seen so often."""

FADES, FAR = 0.8, 10
"""What comes one item later counts so many times as much; items after one that count."""

PENALTIES, USUAL_PENALTY = (5.0, 50.0, 200.0, 800.0), 200.0
"""Of EASE: those that are tried."""


class Popular(KeptRanker):
    """What most take."""

    name: ClassVar[str] = "popular"

    def learn(self, histories: Sequence[np.ndarray]) -> None:
        every = np.concatenate([np.zeros(0, np.int64), *histories])
        self.counts = np.bincount(every, minlength=len(self.kept)).astype(np.float32)

    def scores(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        return np.tile(np.log(self._shares), (len(histories), 1)).astype(np.float32)


class LastItem(Related):
    """What follows the last item: a Markov chain, whose counts begin at what is popular."""

    name: ClassVar[str] = "last_item"

    def learn(self, histories: Sequence[np.ndarray]) -> None:
        every = np.concatenate([np.zeros(0, np.int64), *histories])
        self.counts = np.bincount(every, minlength=len(self.kept)).astype(np.float32)
        self.weights = as_kept(transitions(histories, len(self.kept), 1.0, 1))

    def scores(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        prior, found = PRIOR_COUNT * self._shares, np.zeros((len(histories), len(self.kept)))
        for row, places in enumerate(histories):
            found[row] = prior + (self.weights[places[-1]] if len(places) else 0.0)
        found /= found.sum(axis=1, keepdims=True)
        return np.log(found).astype(np.float32)

    def because(self, history: np.ndarray, item: int) -> np.ndarray:
        found = np.zeros(len(history))
        if len(history):
            told = self.scores([history[-1:]])[0, item] - np.log(self._shares[item])
            found[-1] = max(float(told), 0.0)
        return found


class Followers(Related):
    """What follows the last items, nearer ones counting more, on a scale of logarithms."""

    name: ClassVar[str] = "followers"

    def learn(self, histories: Sequence[np.ndarray]) -> None:
        every = np.concatenate([np.zeros(0, np.int64), *histories])
        self.counts = np.bincount(every, minlength=len(self.kept)).astype(np.float32)
        followed = transitions(histories, len(self.kept), FADES, FAR)
        self.weights = as_kept(followed / (followed.sum(axis=1, keepdims=True) + PRIOR_COUNT))

    def scores(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        prior, found = 0.2 * self._shares, np.zeros((len(histories), len(self.kept)))
        for row, places in enumerate(histories):
            last = places[::-1][:FAR]
            found[row] = prior + (FADES ** np.arange(len(last))) @ self.weights[last]
        return np.log(found).astype(np.float32)


class ItemNeighbours(Related):
    """Item-kNN: items that the same people took, by the cosine (Sarwar et al. 2001)."""

    name: ClassVar[str] = "item_knn"

    def learn(self, histories: Sequence[np.ndarray]) -> None:
        taken = taken_by(histories, len(self.kept))
        self.weights = as_kept(cosine(taken.T @ taken))

    def scores(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        found: np.ndarray = taken_by(histories, len(self.kept)) @ self.weights
        return found

    def because(self, history: np.ndarray, item: int) -> np.ndarray:
        return self.weights[history, item].astype(np.float64)


class Ease(ItemNeighbours):
    """Linear weights from every item to every other, in closed form.

    Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", equation 8: with G the counts
    of pairs, P = (G + penalty I)^-1, weights are -P / diag(P), and 0 from an item to itself. The
    penalty is the one by which what came next is ranked best by the histories before it.
    """

    name: ClassVar[str] = "ease"

    def __init__(self) -> None:
        super().__init__()
        self.penalty = USUAL_PENALTY

    def learn_from(self, before: Sequence[np.ndarray], taken: Sequence[int]) -> None:
        self.choose(before, taken)
        super().learn_from(before, taken)

    def learn(self, histories: Sequence[np.ndarray]) -> None:
        taken = taken_by(histories, len(self.kept))
        self.weights = as_kept(ease(taken.T @ taken, self.penalty))

    def choose(self, before: Sequence[np.ndarray], taken: Sequence[int]) -> None:
        """Choose the penalty: of very many items the usual one, for each try costs long."""
        known = [row for row, place in enumerate(taken) if place >= 0 and len(before[row])]
        if len(self.kept) > MOST_ITEMS // 2 or not known:
            return
        told, right = [before[row] for row in known], np.array([taken[row] for row in known])
        matrix, best = taken_by(self.within(told), len(self.kept)), (-1.0, self.penalty)
        pairs = matrix.T @ matrix
        for penalty in PENALTIES:
            self.weights = ease(pairs, penalty, np.float32)
            scores = self.without_seen(self.scores_of_all(told), told)
            rank = (scores > scores[np.arange(len(right)), right][:, None]).sum(axis=1)
            best = max(best, (float((1.0 / (rank + 1.0)).mean()), penalty))
        self.penalty = best[1]
