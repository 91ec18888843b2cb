"""An interpolated Kneser-Ney 5-gram over symbols: what counting alone knows of sequences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

ORDER = 5
DISCOUNT = 0.75
START, END = -1, -2


def ngram_nats(
    learned: Sequence[np.ndarray], told: Sequence[np.ndarray], order: int = ORDER
) -> float:
    """Return minus the mean log-likelihood of a symbol of `told`, ends included, in nats.

    Source: Chen and Goodman 1999, "An empirical study of smoothing techniques", section 2.7, with
    one discount of .75; the lowest order is mixed with the uniform distribution.

    Args:
        learned: Sequences that are counted, int ``[symbol]`` each.
        told: Sequences that are told.
        order: Of the n-grams.
    """
    counts: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(order + 1)]
    for sequence in learned:
        padded = _padded(sequence, order)
        for place in range(order - 1, len(padded)):
            counts[order][tuple(padded[place - order + 1 : place + 1])] += 1
    for size in range(order - 1, 0, -1):  # in how many contexts an n-gram occurs
        counts[size] = Counter(gram[1:] for gram in counts[size + 1])
    sums = [_sums(found) for found in counts]
    num = len({gram[0] for gram in counts[1]}) + 1
    total, length = 0.0, 0
    for sequence in told:
        padded = _padded(sequence, order)
        for place in range(order - 1, len(padded)):
            chance = 1.0 / num
            for size in range(1, order + 1):
                gram = tuple(padded[place - size + 1 : place + 1])
                seen, kinds = sums[size].get(gram[:-1], (0, 0))
                if seen:
                    own = max(counts[size][gram] - DISCOUNT, 0.0)
                    chance = (own + DISCOUNT * kinds * chance) / seen
            total -= float(np.log(chance))
            length += 1
    return total / max(length, 1)


def _padded(sequence: np.ndarray, order: int) -> list[int]:
    return [START] * (order - 1) + [int(one) for one in sequence] + [END]


def _sums(counts: Counter[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[int, int]]:
    """Return context -> how often it occurs, and how many symbols follow it."""
    found: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
    for gram, number in counts.items():
        found[gram[:-1]][0] += number
        found[gram[:-1]][1] += 1
    return {context: (one, two) for context, (one, two) in found.items()}
