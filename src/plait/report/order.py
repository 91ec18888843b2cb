"""Puts classes in the order that a reader expects: natural where there is one, else clustered."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

MAX_CLUSTERED = 200
"""More classes than this keep the order that they have: clustering takes their number cubed."""

SCALES = (
    "none very-low low medium-low medium mid middle moderate medium-high high very-high",
    "xxs xs s m l xl xxl xxxl",
    "tiny small medium large huge",
    "never rarely seldom sometimes often usually always",
    "very-bad bad poor fair average ok good very-good excellent",
    "mon tue wed thu fri sat sun",
    "monday tuesday wednesday thursday friday saturday sunday",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "january february march april may june july august september october november december",
    "spring summer autumn winter",
    "first second third fourth fifth sixth seventh eighth ninth tenth",
    "absent mild moderate severe critical",
    "cold cool mild warm hot",
)
_NUMBER = re.compile(r"^\D{0,12}?(-?\d+(?:\.\d+)?)")


def class_order(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> tuple[list[int], str]:
    """Return the order of classes, and what it is: ``natural``, ``clustered`` or ``as given``.

    Args:
        labels: Of the classes.
        counts: Confusion matrix ``[true class][predicted class]``.
    """
    natural = natural_order(labels)
    if natural is not None:
        return natural, "natural"
    if 3 <= len(labels) <= MAX_CLUSTERED:
        return clustered_order(np.asarray(counts, np.float64)), "clustered"
    return list(range(len(labels))), "as given"


def natural_order(labels: Sequence[str]) -> list[int] | None:
    """Return the order of numbers, ranges (``10-20``) or a known scale; None where there is none.

    >>> natural_order(["10", "9", "11"]), natural_order(["High", "low"]), natural_order(["a", "b"])
    ([1, 0, 2], [1, 0], None)
    """
    words = [str(label).strip().lower().replace(" ", "-").replace("_", "-") for label in labels]
    for scale in SCALES:
        known = {word: place for place, word in enumerate(scale.split())}
        if len(words) > 1 and all(word in known for word in words):
            return sorted(range(len(words)), key=lambda i: known[words[i]])
    found = [_NUMBER.match(word) for word in words]
    numbers = [float(match[1]) for match in found if match is not None]
    if len(numbers) < len(words) or len(set(numbers)) < len(words):
        return None
    starts = {match.group(0)[: match.start(1)] for match in found if match is not None}
    return sorted(range(len(words)), key=lambda i: numbers[i]) if len(starts) == 1 else None


def clustered_order(counts: np.ndarray) -> list[int]:
    """Return the leaves of average-linkage clustering by how often classes are confused.

    Two clusters are merged so that the ends that are most alike meet.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    alike = shares + shares.T
    np.fill_diagonal(alike, -1.0)
    between, sizes = alike.copy(), np.ones(len(alike))
    parts: list[list[int]] = [[i] for i in range(len(alike))]
    for _ in range(len(alike) - 1):
        one, other = divmod(int(between.argmax()), len(alike))
        one, other = min(one, other), max(one, other)
        parts[one] = _joined(parts[one], parts[other], alike)
        total = sizes[one] + sizes[other]
        row = (sizes[one] * between[one] + sizes[other] * between[other]) / total
        between[one], between[:, one], sizes[one] = row, row, total
        between[other], between[:, other] = -2.0, -2.0
        between[one, one] = between[one, other] = between[other, one] = -2.0
        between[sizes == 0] = between[:, sizes == 0] = -2.0
        sizes[other] = 0
    return max(parts, key=len) if parts else []


def _joined(one: list[int], other: list[int], alike: np.ndarray) -> list[int]:
    ways = [(a, b) for a in (one, one[::-1]) for b in (other, other[::-1])]
    return max((a + b for a, b in ways), key=lambda way: alike[way[len(one) - 1], way[len(one)]])
