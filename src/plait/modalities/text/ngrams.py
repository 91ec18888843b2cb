"""Hashed counts of word and character n-grams: the text features of the honest baselines."""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np

_WORD = re.compile(r"\w+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def hashed_ngrams(text: str, num_buckets: int) -> np.ndarray:
    """Return float32 ``[num_buckets]``: ``1 + ln(count)`` of each bucket's n-grams, 0 where none.

    Word 1-2-grams fall into the first half, character 1-5-grams within words (a blank at both
    ends) into the second. The hashes are fixed: the same on every machine and in every process.
    """
    words = _WORD.findall(text.lower())
    half = num_buckets // 2
    buckets = np.concatenate([_word_hashes(words) % half, half + _character_hashes(words) % half])
    counts = np.bincount(buckets.astype(np.int64), minlength=num_buckets).astype(np.float32)
    used = counts > 0
    counts[used] = 1.0 + np.log(counts[used])
    return counts


def _word_hashes(words: list[str]) -> np.ndarray:
    keys = [word.encode() for word in words]
    keys += [b"%s %s" % pair for pair in zip(keys, keys[1:], strict=False)]
    return np.fromiter(map(crc32, keys), np.uint64, len(keys))


def _character_hashes(words: list[str]) -> np.ndarray:
    """Multiplicative hash of every window of 1 to 5 code points without a blank inside."""
    if not words:
        return np.zeros(0, np.uint64)
    codes = np.frombuffer(f" {' '.join(words)} ".encode("utf-32-le"), np.uint32).astype(np.uint64)
    blank = codes == ord(" ")
    found = []
    for size in (1, 2, 3, 4, 5):
        num_windows = max(0, len(codes) - size + 1)
        value = np.full(num_windows, size, np.uint64)
        inside = np.zeros(num_windows, bool)
        for i in range(size):
            value = (value ^ codes[i : i + num_windows]) * _MULTIPLIER
            value ^= value >> np.uint64(29)
            if size == 1 or 0 < i < size - 1:
                inside |= blank[i : i + num_windows]
        found.append(value[~inside])
    return np.concatenate(found) >> np.uint64(20)
