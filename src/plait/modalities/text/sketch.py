"""Sketches of texts: their words, or of long ones a sample of their phrases."""

from __future__ import annotations

import difflib
import re
import zlib
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.likeness import Fingerprint, sign_code
from plait.modalities.text.spelling import is_misspelt

if TYPE_CHECKING:
    from jaxtyping import UInt32

LEAST_CHARACTERS = 20
"""Texts with fewer letters and digits are alike by chance."""

MOST_CHARACTERS = 2000
"""Longer texts are compared by a sample of their phrases."""

NUM_BUCKETS, NUM_SAMPLED = 1024, 96
LEAST_SHARED = 0.8
"""Share of phrases of three words that alike long texts have in common."""

WORDS_PER_CHANGE, WORDS_PER_SLIP = 25, 8
"""One other word in so many is a light edit, and one slip of the pen beyond the first."""

# Scripts written without blanks have a word per character.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_\u0e00-\u0eff\u3040-\u9fff]+|[$%\u20ac\u00a3\u00a5]"
)
_APOSTROPHE = re.compile("['\u2018\u2019\u02bc]")


def fingerprint_text(raw: str) -> Fingerprint | None:
    """Return what the text's near-duplicates are found by; None for a short one."""
    words = _WORD.findall(_APOSTROPHE.sub("", raw.casefold()))
    key = " ".join(words)
    if len(key) < LEAST_CHARACTERS:
        return None
    return Fingerprint(sign_code(_letter_counts(key)), _sketch(key))


def texts_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches are one text: other case, punctuation, a slip of the pen.

    Never where a number differs, and in fewer than 25 words never where a word does.
    """
    if first == second:
        return True
    if first[:1] == b"p" or second[:1] == b"p":
        return _phrases_alike(_phrases_of(first), _phrases_of(second))
    one, other = (sketch[1:].decode().split() for sketch in (first, second))
    if _numbers(one) != _numbers(other):
        return False
    fewer, more = sorted((len(one), len(other)))
    most_changes, most_slips = fewer // WORDS_PER_CHANGE, 1 + fewer // WORDS_PER_SLIP
    if more - fewer > most_changes + most_slips:
        return False
    changes, slips = _count_edits(one, other)
    return changes <= most_changes and slips <= most_slips


def _count_edits(one: list[str], other: list[str]) -> tuple[int, int]:
    """Return how many words are others, and how many are only written otherwise."""
    changes = slips = 0
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        left, right = one[a:b], other[c:d]
        joined = "".join(left), "".join(right)
        if joined[0] == joined[1]:
            slips += 1
        elif max(len(left), len(right)) == 2 and is_misspelt(*joined):
            slips += 2  # a blank that moved, and a letter
        elif len(left) == len(right):
            misspelt = sum(map(is_misspelt, left, right))
            slips += misspelt
            changes += len(left) - misspelt
        else:
            changes += max(len(left), len(right))
    return changes, slips


def _numbers(words: list[str]) -> list[str]:
    return [word for word in words if any(letter.isdigit() for letter in word)]


def _sketch(key: str) -> bytes:
    if len(key) <= MOST_CHARACTERS:
        return b"t" + key.encode()
    return b"p" + _phrases(key).tobytes()


def _phrases_of(sketch: bytes) -> UInt32[ndarray, " value"]:
    if sketch[:1] == b"p":
        return np.frombuffer(sketch, np.uint32, offset=1)
    return _phrases(sketch[1:].decode())


def _phrases(key: str) -> UInt32[ndarray, " value"]:
    """Return a number for all numbers in the text, then the least hashes of its phrases.

    Two texts agree in the share of least hashes that they share of their phrases (Broder 1997,
    "On the resemblance and containment of documents").
    """
    words = key.split()
    hashes = np.array([zlib.crc32(word.encode()) for word in words], np.uint64)
    while len(hashes) < 3:
        hashes = np.append(hashes, np.uint64(1))
    mixed = hashes[:-2] * np.uint64(0x9E3779B1) ^ hashes[1:-1] * np.uint64(0x85EBCA77) ^ hashes[2:]
    factors, terms = _mixers()
    low = np.uint64(0xFFFFFFFF)
    least = ((np.unique(mixed & low)[:, None] * factors + terms) >> np.uint64(16) & low).min(0)
    numbers = zlib.crc32(" ".join(_numbers(words)).encode())
    return np.concatenate([[np.uint64(numbers)], least]).astype(np.uint32)


def _phrases_alike(one: UInt32[ndarray, " value"], other: UInt32[ndarray, " value"]) -> bool:
    return bool(one[0] == other[0] and (one[1:] == other[1:]).mean() >= LEAST_SHARED)


@cache
def _mixers() -> tuple[ndarray, ndarray]:
    """Return odd factors and terms; the legacy generator's stream is the same in every NumPy."""
    draw = np.random.RandomState(5)
    factors = draw.randint(0, 2**31, NUM_SAMPLED).astype(np.uint64) * np.uint64(2) + np.uint64(1)
    return factors, draw.randint(0, 2**31, NUM_SAMPLED).astype(np.uint64)


def _letter_counts(key: str) -> np.ndarray:
    """Return hashed counts of three bytes in a row, as square roots."""
    data = np.frombuffer(f" {key} ".encode(), np.uint8).astype(np.uint32)
    triples = data[:-2] * np.uint32(65536) + data[1:-1] * np.uint32(256) + data[2:]
    buckets = (triples * np.uint32(2654435761)) >> np.uint32(22)
    return np.sqrt(np.bincount(buckets, minlength=NUM_BUCKETS))
