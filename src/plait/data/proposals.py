"""Proposes pairs of values to compare: those whose codes of 256 bits differ in few."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from jaxtyping import Int, UInt8, UInt64

NUM_BITS, WORD_BITS = 256, 64
MOST_DIFFERING = 76
"""Bits in which the codes of proposed pairs may differ: three in ten."""

PER_VALUE, PER_VALUE_OF_FEW, NUM_FEW = 5, 40, 8_000
"""Nearest others that a value is compared with, and in small columns: up to so many in all."""

MOST_PROPOSED = 40_000
"""Pairs of a column that are compared: the nearest."""

MOST_EXHAUSTIVE = 6000
"""Values up to which every pair is looked at."""

NUM_ORDERS, REACH = 32, 12
"""Sorted orders in which more values are looked at, each beside so many that follow it."""

MOST_HELD = 2_000_000


def propose(
    codes: UInt64[ndarray, "value 4"], *, deadline: float | None = None
) -> tuple[Int[ndarray, "pair 2"], int, bool]:
    """Return pairs (earlier, later) to compare, nearest first, how many were left out, and whether
    there was time to look everywhere.

    Up to 6,000 codes are all compared. More are sorted in 32 ways, by other bits first each time,
    and compared with their neighbours (Charikar 2002, section 4): near codes are neighbours in one
    of the orders. Work grows as the number of values, times its logarithm. After a deadline (of
    `time.monotonic`) no further order is begun; the first is in any case.
    """
    if len(codes) <= MOST_EXHAUSTIVE:
        found, complete = _all_pairs(codes), True
    else:
        found, complete = _neighbours(codes, deadline)
    firsts, seconds, apart = found.distinct()
    order = np.lexsort((seconds, firsts, apart))
    firsts, seconds = firsts[order], seconds[order]
    most = int(np.clip(NUM_FEW // max(len(codes), 1), PER_VALUE, PER_VALUE_OF_FEW))
    kept = _nearest_of_each(firsts, seconds, len(codes), most)
    pairs = np.stack([firsts[kept], seconds[kept]], 1).astype(np.int64)
    return pairs[:MOST_PROPOSED], max(0, len(pairs) - MOST_PROPOSED), complete


def _nearest_of_each(firsts: np.ndarray, seconds: np.ndarray, num: int, most: int) -> np.ndarray:
    """Return which pairs, sorted by distance, are among the `most` nearest of either value."""
    kept = np.zeros(len(firsts), bool)
    for side in (0, 1):
        both = np.concatenate([firsts, seconds]) if side else np.concatenate([seconds, firsts])
        place = np.concatenate([np.arange(len(firsts))] * 2)
        order = np.lexsort((place, both))
        starts = np.searchsorted(both[order], np.arange(num))
        rank = np.arange(len(order)) - starts[both[order]]
        kept[place[order][rank < most]] = True
    return kept


def _all_pairs(codes: np.ndarray) -> _Pairs:
    found = _Pairs()
    for row in range(len(codes) - 1):
        apart = _differing(codes[row], codes[row + 1 :])
        near = np.flatnonzero(apart <= MOST_DIFFERING)
        found.add(np.full(len(near), row), row + 1 + near, apart[near])
    return found


def _neighbours(codes: np.ndarray, deadline: float | None) -> tuple[_Pairs, bool]:
    found = _Pairs()
    for number, keys in enumerate(_orders(codes)):
        if number and deadline is not None and time.monotonic() > deadline:
            return found, False
        order = np.argsort(keys, kind="stable")
        for step in range(1, REACH + 1):
            one, other = order[:-step], order[step:]
            apart = _differing(codes[one], codes[other])
            near = apart <= MOST_DIFFERING
            one, other = one[near], other[near]
            found.add(np.minimum(one, other), np.maximum(one, other), apart[near])
    return found, True


def _orders(codes: UInt64[ndarray, "value 4"]) -> list[UInt64[ndarray, " value"]]:
    """Return keys to sort by: 64 of the bits each, beginning with 8 others, bits shuffled."""
    shuffled = np.random.RandomState(17).permutation(NUM_BITS)
    bits = np.unpackbits(np.ascontiguousarray(codes).view(np.uint8), axis=1)[:, shuffled]
    places = np.arange(WORD_BITS)
    step = NUM_BITS // NUM_ORDERS
    found = []
    for first in range(0, NUM_BITS, step):
        chosen = np.packbits(bits[:, (first + places) % NUM_BITS], axis=1)
        found.append(np.ascontiguousarray(chosen).view(">u8")[:, 0].astype(np.uint64))
    return found


def _differing(one: np.ndarray, other: np.ndarray) -> UInt8[ndarray, " pair"]:
    found: np.ndarray = np.bitwise_count(one ^ other).sum(-1, dtype=np.uint16)
    return found.clip(max=255).astype(np.uint8)


class _Pairs:
    """Gathers pairs, and holds no more than some millions of the nearest."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._num = 0

    def add(self, firsts: np.ndarray, seconds: np.ndarray, apart: np.ndarray) -> None:
        self._parts.append((firsts.astype(np.int32), seconds.astype(np.int32), apart))
        self._num += len(firsts)
        if self._num > 2 * MOST_HELD:
            firsts, seconds, apart = self.distinct()
            kept = np.argsort(apart, kind="stable")[:MOST_HELD]
            self._parts = [(firsts[kept], seconds[kept], apart[kept])]
            self._num = len(kept)

    def distinct(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each pair once."""
        if not self._parts:
            return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.uint8)
        firsts, seconds, apart = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        keys = firsts.astype(np.int64) << 32 | seconds
        _, places = np.unique(keys, return_index=True)
        return firsts[places], seconds[places], apart[places]
