"""The space of actions: classes, or a box; as numbers for networks, and chosen by likelihoods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.errors import CellError
from plait.modalities.action.cells import Action, written

NUM_BINS = 31
"""Of each number of a box: likelihoods are of these, so that two good actions are not averaged."""

NEAR = 0.1
"""Of a range: numbers farther apart do not agree at all. Where episodes do one of two things, or
anything at all now and then, a number in the middle would have the smallest gap in the mean."""

MOST_WHOLE = 64
"""Whole numbers, so many different ones at most, are names of actions."""


@dataclass(frozen=True)
class Space:
    """Which actions there are: some by name, or all numbers between two bounds.

    Attributes:
        labels: Names; empty of a box.
        low, high: Bounds of each number of a box.
    """

    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Space:
        """Return the space of actions that were met: names, or the box around their numbers."""
        every = list(actions)
        lengths = {len(one.numbers) for one in every}
        named = {one.name: one.numbers for one in every}
        if not every or lengths == {0} or 0 in lengths:
            return cls(tuple(sorted(named)))
        whole = all(n.is_integer() for one in named.values() for n in one)
        if lengths == {1} and whole and len(named) <= MOST_WHOLE:
            return cls(tuple(sorted(named, key=lambda name: named[name])))
        longest = max(lengths, key=lambda num: sum(len(one.numbers) == num for one in every))
        box = np.array([one.numbers for one in every if len(one.numbers) == longest])
        return cls((), tuple(box.min(0).tolist()), tuple(box.max(0).tolist()))

    @property
    def width(self) -> int:
        """Numbers that stand for an action."""
        return max(len(self.labels) or len(self.low), 1)

    @property
    def shape(self) -> tuple[int, int]:
        """How many independent choices an action is, and among how many each."""
        return (1, self.width) if not self.low else (len(self.low), NUM_BINS)

    def check(self, action: Action) -> None:
        """Raise `CellError` for an action that is outside of the space."""
        if self.low:
            within = len(action.numbers) == len(self.low) and all(
                low <= one <= high
                for low, one, high in zip(self.low, action.numbers, self.high, strict=True)
            )
        else:
            within = not self.labels or action.name in self.labels
        if not within:
            raise CellError(
                "an action is outside the space of actions",
                expected=self.told,
                received=action.name,
                hint="remove the row, or declare a wider space: labels, or low and high",
            )

    @property
    def told(self) -> str:
        """The space in words."""
        if not self.low:
            return "one of " + ", ".join(self.labels)
        bounds = [
            f"{written(low)} to {written(high)}"
            for low, high in zip(self.low, self.high, strict=True)
        ]
        return f"{len(bounds)} numbers: " + "; ".join(bounds) if len(bounds) > 1 else bounds[0]

    def encode(self, action: Action | None) -> np.ndarray:
        """Return an action as float32 ``[width]``: 1 at its name, or numbers in [-1, 1].

        Zeros of one that is not known; numbers beyond a bound are at it.
        """
        found = np.zeros(self.width, np.float32)
        if action is None:
            return found
        if self.low:
            if len(action.numbers) != len(self.low):
                self.check(action)
            low, high = np.array(self.low), np.array(self.high)
            scaled = (np.array(action.numbers) - low) / np.maximum(high - low, 1e-12)
            return (2 * scaled - 1).clip(-1, 1).astype(np.float32)
        if action.name in self.labels:
            found[self.labels.index(action.name)] = 1.0
        return found

    def decode(self, encoded: np.ndarray) -> Action:
        """Return the action of such numbers."""
        if self.low:
            low, high = np.array(self.low), np.array(self.high)
            numbers = low + (encoded.astype(np.float64).clip(-1, 1) + 1) / 2 * (high - low)
            told = tuple(float(f"{one:.7g}") for one in numbers.clip(low, high))
            return Action(", ".join(map(written, told)), told)
        if not self.labels:
            return Action("")
        name = self.labels[int(np.argmax(encoded))]
        try:
            return Action(name, (float(name),))
        except ValueError:
            return Action(name)

    def shares(self, encoded: Any) -> Any:
        """Return what `encode` gave as shares of choices, ``[..., choice, bin]``; they sum to 1.

        A number is shared by the two bins around it. Of NumPy arrays, and of torch's tensors.
        """
        if not self.low:
            return encoded[..., None, :]
        places = (encoded + 1) * ((NUM_BINS - 1) / 2)
        away = abs(places[..., None] - self._bins(encoded))
        return (1 - away).clip(0, 1)

    def choose(self, logits: np.ndarray, rng: Any = None, temperature: float = 0.0) -> np.ndarray:
        """Return an action, as `encode` does, by the logits of its choices ``[choice, bin]``.

        The likeliest, of numbers the mean of its bin and those beside it; or one that is drawn.
        """
        if temperature > 0:
            logits = logits / temperature + rng.gumbel(size=logits.shape)
        best = logits.argmax(-1)
        if not self.low:
            found = np.zeros(self.width, np.float32)
            found[best[0]] = 1.0
            return found
        if temperature > 0:
            return (2 * best / (NUM_BINS - 1) - 1).astype(np.float32)
        near = abs(np.arange(NUM_BINS)[None] - best[:, None]) <= 1
        shares = np.exp(logits - logits.max(-1, keepdims=True)) * near
        place = (shares * np.arange(NUM_BINS)).sum(-1) / shares.sum(-1)
        found = 2 * place / (NUM_BINS - 1) - 1
        return found.astype(np.float32)

    def agreement(self, first: Action, second: Action) -> float:
        """Return how much two actions are the same, in [0, 1]: of names 0 or 1; of numbers the mean
        of 1 minus their gap, in tenths of the range, at least 0."""
        if not self.low:
            return float(first.name == second.name)
        gaps = abs(self.encode(first) - self.encode(second)) / 2
        return float((1 - gaps / NEAR).clip(0, 1).mean())

    @staticmethod
    def _bins(like: Any) -> Any:
        if isinstance(like, np.ndarray):
            return np.arange(NUM_BINS, dtype=np.float32)
        return like.new_tensor(np.arange(NUM_BINS, dtype=np.float32))
