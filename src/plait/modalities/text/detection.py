"""Tells text from labels, identifiers, paths and numbers by its words."""

from __future__ import annotations

import re

from plait.types import Cell, ColumnSample

# Scripts written without blanks count a word per character.
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_NAME = re.compile(r"(?i)(https?://|www\.)\S+|\S*[/\\]\S+|\S+\.[a-z][a-z0-9]{1,4}|[0-9a-f-]{8,}")
_FILE = re.compile(
    r"(?i).{0,300}\.(png|jpe?g|webp|bmp|gif|tiff?|svg|wav|mp3|flac|ogg|opus|m4a|mp4|avi|mov|mkv|webm"
    r"|npy|npz|csv|tsv|parquet|jsonl?|pdf|zip)"
)


def likeness(sample: ColumnSample) -> float:
    """How sure, in [0, 1], that a column is text: words, mostly letters, mostly distinct."""
    values = [_as_text(value) for value in sample.values]
    if not values:
        return 0.0
    num_files = sum(text.lower().endswith(".txt") and " " not in text for text in values)
    if num_files > len(values) / 2:
        return 0.97 * num_files / len(values)
    counts = [num_words(text) for text in values]
    share = sum(count > 0 for count in counts) / len(values)
    mean = sum(counts) / len(values)
    sure = 0.95 if mean >= 3 else 0.8 if mean >= 1.5 else 0.5
    distinct = sample.num_distinct / len(values)
    return sure * share * min(1.0, distinct / 0.4)


def num_words(text: str) -> int:
    """Count the words of one cell; 0 for an identifier, a path, numbers or code.

    >>> num_words("a red boat"), num_words("IMG_0012.png"), num_words("3f2a9c41"), num_words("1 2")
    (3, 0, 0, 0)
    """
    text = text.strip()[:2000]
    if _NAME.fullmatch(text) or _FILE.fullmatch(text):
        return 0
    words = _WORD.findall(text)
    num_letters = sum(map(len, words))
    num_marks = len("".join(text.split()))
    one_odd_word = len(text.split()) == 1 and num_letters < num_marks - 1
    return 0 if one_odd_word or num_letters < 0.6 * num_marks else len(words)


def _as_text(value: Cell) -> str:
    if isinstance(value, bytes | bytearray):
        try:
            text = bytes(value[:2000]).decode()
        except UnicodeDecodeError:
            return ""
        return text if text.isprintable() else ""
    return value.strip() if isinstance(value, str) else ""
