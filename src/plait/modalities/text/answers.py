"""Closed sets of answers: texts of a target that recur, so that no other is to be expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from plait.modalities.target import SURENESS
from plait.types import Arrays

if TYPE_CHECKING:
    from plait.modalities.text.codec import TextCodec

MOST_UNSEEN = 0.01
"""A closed set holds all but so much of what rows that are not known yet will hold."""

MOST_BEGINNINGS = 512
"""Beginnings of answers, in pieces, that are all read for every row, at most."""


def closed_set(
    texts: Sequence[str], *, most: int, encode: Callable[[str], Sequence[int]]
) -> tuple[str, ...]:
    """Return the distinct texts, sorted, where they are a closed set; else ().

    The chance that the next text is a new one is the share of texts that were met once (Good 1953,
    "The population frequencies of species").

    >>> closed_set(["no", "yes", "no", "yes"], most=9, encode=str.encode)
    ('no', 'yes')
    >>> closed_set(["no", "yes", "perhaps", "yes"], most=9, encode=str.encode)
    ()

    Args:
        texts: Of training rows.
        most: More distinct texts than this are no closed set.
        encode: Cuts a text into pieces.
    """
    counts = Counter(texts)
    once = sum(number == 1 for number in counts.values())
    if not 2 <= len(counts) <= most or once > MOST_UNSEEN * len(texts):
        return ()
    beginnings = set[tuple[int, ...]]()
    for text in counts:
        cut = tuple(encode(text))
        beginnings |= {cut[:place] for place in range(len(cut) + 1)}
        if len(beginnings) > MOST_BEGINNINGS:
            return ()
    return tuple(sorted(counts))


def answered(codec: TextCodec, numbers: Sequence[int], odds: np.ndarray) -> list[Arrays]:
    """Return arrays of answers by their numbers, and how sure each is."""
    prepared = {one: codec.prepare(codec.answers[one]) for one in set(numbers)}
    return [
        {**prepared[number], SURENESS: np.array(sure)}
        for number, sure in zip(numbers, odds, strict=True)
    ]
