"""A blend of simple models of items: a conditional logit model of what is taken next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from plait.modalities.item.histories import histories_of, with_next
from plait.modalities.item.ranker import HistoryRanker, Ranker
from plait.modalities.item.rankers import Ease, Followers, ItemNeighbours, LastItem, Popular
from plait.spacing import evenly_spaced
from plait.types import Arrays

MOST_NUMBERS = 40_000_000
"""Scores that weights are learned from, at most: fewer rows beyond."""

NUM_STEPS, PRIOR = 25, 1.0
RECENT = 20


class Alike(HistoryRanker):
    """Items like the last ones, by what is known of them: also of items that nobody took."""

    name: ClassVar[str] = "alike"

    def __init__(self) -> None:
        super().__init__()
        self.features = np.zeros((0, 0), np.float32)

    def begin(self, codec: Any) -> None:
        super().begin(codec)
        self.features = codec.features_of_items

    def learn(self, histories: Sequence[np.ndarray]) -> None:
        """Nothing is learned."""

    def scores_of_all(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        found = np.zeros((len(histories), len(self.codes)), np.float32)
        for row, places in enumerate(histories):
            if len(places) and self.features.shape[1]:
                found[row] = self.features @ self.features[places[-RECENT:]].mean(axis=0)
        return found

    def because(self, history: np.ndarray, item: int) -> np.ndarray:
        found, recent = np.zeros(len(history)), self.kept[history[-RECENT:]]
        if len(recent) and self.features.shape[1]:
            told = self.features[recent] @ self.features[self.kept[item]] / len(recent)
            found[-len(recent) :] = told
        return found

    def arrays(self) -> Arrays:
        return {"features": self.features}

    def restore(self, arrays: Arrays) -> None:
        super().restore(arrays)
        self.features = arrays["features"]


PARTS: tuple[type[HistoryRanker], ...] = (Popular, LastItem, Followers, ItemNeighbours, Ease, Alike)


class Blend(Ranker):
    """The weighted sum of what simple models say of each item, whose softmax is a probability.

    Weights make what came next likeliest, where the models know the histories before it alone
    (conditional logit, McFadden 1974); then the models learn from all. Who has no history is told
    what is popular.
    """

    name: ClassVar[str] = "blend"

    def __init__(self) -> None:
        super().__init__()
        self.parts = [kind() for kind in PARTS]
        self.weights = np.zeros(len(PARTS))

    def begin(self, codec: Any) -> None:
        super().begin(codec)
        for part in self.parts:
            part.begin(codec)

    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        self.begin(codec)
        before = histories_of(matrices, self.codes)
        taken = [int(target["item"][0]) - 1 for target in targets]
        known = [row for row, place in enumerate(taken) if place >= 0 and len(before[row])]
        most = max(MOST_NUMBERS // max(len(self.codes) * len(PARTS), 1), 1)
        some = [known[place] for place in evenly_spaced(len(known), most)]
        for part in self.parts:
            if isinstance(part, Ease):
                part.choose(before, taken)
            part.learn(part.within(before))
        if some:
            told = [before[row] for row in some]
            right = np.array([taken[row] for row in some])
            self.weights = fit_weights(*self._told(told, right), right)
        for part in self.parts:
            part.learn(part.within(with_next(before, taken)))

    def scores_of_all(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        total = np.zeros((len(histories), len(self.codes)), np.float32)
        for weight, part in zip(self.weights, self.parts, strict=True):
            if weight:
                total += np.float32(weight) * part.scores_of_all(histories)
        unknown = [row for row, places in enumerate(histories) if not len(places)]
        if unknown:
            total[unknown] = self.parts[0].scores_of_all([histories[row] for row in unknown])
        return total

    def because(self, history: np.ndarray, item: int) -> np.ndarray:
        told = zip(self.weights, self.parts, strict=True)
        return np.sum([weight * part.because(history, item) for weight, part in told], axis=0)

    def arrays(self) -> Arrays:
        named = {
            f"{part.name}/{name}": array
            for part in self.parts
            for name, array in {**part.arrays(), "counts": part.counts}.items()
        }
        return {"blend": self.weights, **named}

    def restore(self, arrays: Arrays) -> None:
        super().restore(arrays)
        self.weights = arrays["blend"]
        for part in self.parts:
            part.codes, part.kept, part.repeats = self.codes, self.kept, self.repeats
            part.relatives = self.relatives
            part._number()
            own = {
                name.partition("/")[2]: array
                for name, array in arrays.items()
                if name.startswith(f"{part.name}/")
            }
            part.restore(own)

    def _told(
        self, histories: Sequence[np.ndarray], right: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what each part says, ``[row, item, part]``, and what may be said of each row."""
        said = np.stack([part.scores_of_all(histories) for part in self.parts], axis=-1)
        allowed = np.ones(said.shape[:2], bool)
        if not self.repeats:
            for row, places in enumerate(histories):
                allowed[row, places] = False
        allowed[np.arange(len(right)), right] = True
        return said, allowed


def fit_weights(said: np.ndarray, allowed: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the weights of a conditional logit model, float64 ``[part]``, by Newton's method.

    Args:
        said: float32 ``[row, item, part]``.
        allowed: bool ``[row, item]``: what can be chosen.
        right: int ``[row]``: what was.
    """
    spread = said[allowed].std(axis=0).astype(np.float64)
    scale = np.where(spread > 1e-6, 1.0 / np.maximum(spread, 1e-6), 0.0)
    scaled = said * scale.astype(np.float32)
    chosen = scaled[np.arange(len(right)), right].astype(np.float64)
    weights, step = np.zeros(said.shape[-1]), 1.0
    cost, gradient, curve = _logit(scaled, allowed, chosen, weights)
    for _ in range(NUM_STEPS):
        move = np.linalg.solve(curve, gradient)
        tried = _logit(scaled, allowed, chosen, weights - step * move)
        if tried[0] > cost:
            step /= 2
            continue
        done = cost - tried[0] < 1e-7 * abs(cost)
        weights, step = weights - step * move, min(2 * step, 1.0)
        cost, gradient, curve = tried
        if done:
            break
    return weights * scale


def _logit(
    said: np.ndarray, allowed: np.ndarray, chosen: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return minus the log-posterior of weights, its gradient, and its second derivatives."""
    logits = np.where(allowed, said @ weights.astype(np.float32), -np.inf).astype(np.float64)
    top = logits.max(axis=1, keepdims=True)
    shares = np.exp(logits - top)
    total = shares.sum(axis=1, keepdims=True)
    cost = float((np.log(total[:, 0]) + top[:, 0] - chosen @ weights).sum())
    shares = (shares / total).astype(np.float32)
    mean = np.einsum("ri,rip->rp", shares, said).astype(np.float64)
    gradient = (mean - chosen).sum(axis=0) + PRIOR * weights
    flat = said.reshape(-1, said.shape[-1])
    second = (flat * shares.reshape(-1, 1)).T @ flat
    curve = second.astype(np.float64) - mean.T @ mean + PRIOR * np.eye(len(weights))
    return cost + 0.5 * PRIOR * float(weights @ weights), gradient, curve
