"""Interpolated Kneser-Ney n-grams: what follows the last few events, by counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

ORDER = 5
BEFORE = -1
"""Stands before the first event."""

Context = tuple[int, ...]


class KneserNey:
    """Modified Kneser-Ney smoothing, interpolated.

    (Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling",
    section 3: three discounts an order, from counts of counts; lower orders count in how many
    contexts an event was met; the lowest is mixed with all events alike.)

    Args:
        grams: int32 ``[gram, 5]``: runs of events that were met, `BEFORE` before the first ones.
        counts: int64 ``[gram]``: how often each was.
        num_events: Events that there are, from 0.
    """

    def __init__(self, grams: np.ndarray, counts: np.ndarray, num_events: int) -> None:
        self.grams, self.counts, self.num_events = grams, counts, num_events
        level = {
            tuple(gram): int(num) for gram, num in zip(grams.tolist(), counts.tolist(), strict=True)
        }
        self._levels: list[dict[Context, tuple[np.ndarray, np.ndarray, float]]] = []
        for order in range(ORDER, 0, -1):
            self._levels.insert(0, _discounted(level))
            level = _shorter(level, order)

    @classmethod
    def learned(cls, sequences: Iterable[Sequence[int]], num_events: int) -> KneserNey:
        """Return the model of sequences of events."""
        seen: dict[Context, int] = defaultdict(int)
        for one in sequences:
            padded = (*([BEFORE] * (ORDER - 1)), *one)
            for place in range(len(one)):
                seen[padded[place : place + ORDER]] += 1
        kept = sorted(seen)
        grams = np.array(kept, np.int32).reshape(-1, ORDER)
        return cls(grams, np.array([seen[gram] for gram in kept], np.int64), num_events)

    def shares(self, before: Sequence[int]) -> np.ndarray:
        """Return the probability of each event after others, float64 ``[event]``."""
        padded = (*([BEFORE] * (ORDER - 1)), *before)[-(ORDER - 1) :]
        found = np.full(self.num_events, 1.0 / self.num_events)
        for order, level in enumerate(self._levels):
            known = level.get(tuple(padded[ORDER - 1 - order :]))
            if known is not None:
                events, shares, rest = known
                found = found * rest
                found[events] += shares
        return found


def _discounted(
    counts: dict[Context, int],
) -> dict[Context, tuple[np.ndarray, np.ndarray, float]]:
    """Return of each context the events that followed, their discounted shares, and what is left
    for the shorter context."""
    of_counts = np.bincount(np.minimum(list(counts.values()) or [0], 5), minlength=6).astype(float)
    n1, n2, n3, n4 = of_counts[1:5]
    share = n1 / (n1 + 2 * n2) if n1 + 2 * n2 else 0.0
    pairs = ((1, n2, n1), (2, n3, n2), (3, n4, n3))
    less = [0.0] + [num - (num + 1) * share * (up / low if low else 0.0) for num, up, low in pairs]
    less = [min(max(one, 0.0), float(num)) for num, one in enumerate(less)]
    grouped: dict[Context, list[tuple[int, int]]] = defaultdict(list)
    for gram, num in counts.items():
        grouped[gram[:-1]].append((gram[-1], num))
    found = {}
    for context, followers in grouped.items():
        nums = np.array([num for _, num in followers], np.float64)
        taken = np.array([less[min(num, 3)] for _, num in followers])
        total = nums.sum()
        found[context] = (
            np.array([event for event, _ in followers], np.int64),
            (nums - taken) / total,
            float(taken.sum() / total),
        )
    return found


def _shorter(counts: dict[Context, int], order: int) -> dict[Context, int]:
    """Return in how many contexts each run without its first event was met; of runs from the
    beginning, which have no other context, how often."""
    found: dict[Context, int] = defaultdict(int)
    if order == 1:
        return found
    for gram, num in counts.items():
        found[gram[1:]] += num if len(gram) > 2 and gram[1] == BEFORE else 1
    return found
