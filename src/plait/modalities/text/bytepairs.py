"""Byte-pair tokens (Sennrich et al. 2016) over UTF-8 bytes: learns merges, and cuts by them."""

from __future__ import annotations

import heapq
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from plait.errors import ExtraError

NOTHING = 0
"""Token of an empty text, of a blanked place and of padding."""

MAX_PIECE = 16
"""Longest piece, in bytes."""

_NOTHING_PIECE = "<nothing>"
_MAX_WORDS = 100_000
"""Words whose tokens are remembered."""

_WORDS = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\t-\r A-Za-z0-9]+"
    r"|[\t-\r ]+(?![^\t-\r ])|[\t-\r ]+"
)
"""How GPT-2 splits text into words (Radford et al. 2019), for text that `_Plainly` made ASCII."""


class _Plainly(dict[int, str]):
    """Maps each character to an ASCII one of its kind: letter, number, blank or other."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if code < 128:
            plain = character
        elif character.isspace():
            plain = "\n"
        else:
            plain = {"L": "a", "N": "1"}.get(unicodedata.category(character)[0], "!")
        self[code] = plain
        return plain


def _byte_names() -> list[str]:
    """Return a printable character per byte, as GPT-2 writes bytes in vocabularies."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


_BYTE_NAMES = _byte_names()
_BYTES = {name: byte for byte, name in enumerate(_BYTE_NAMES)}
_PLAINLY = _Plainly()


class BytePairs:
    """Cuts texts into tokens: `NOTHING`, the 256 bytes in order of their names, then the merges.

    The same tokens as those of Hugging Face's ``tokenizers`` with these merges, without it.

    Args:
        merges: One ``left right`` per line, the first first.
    """

    def __init__(self, merges: str) -> None:
        pairs = [line.split(" ") for line in merges.splitlines()]
        names = [_NOTHING_PIECE, *sorted(_BYTE_NAMES), *(left + right for left, right in pairs)]
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        number = self._numbers
        self._merged = {
            (number[left], number[right]): (rank, number[left + right])
            for rank, (left, right) in enumerate(pairs)
        }
        self._names = list(number)
        self._of_byte = [number[name] for name in _BYTE_NAMES]
        self._known: dict[str, list[int]] = {}

    @property
    def num_pieces(self) -> int:
        """Size of the vocabulary, `NOTHING` included."""
        return len(self._numbers)

    @property
    def names(self) -> list[str]:
        """Each token's bytes as GPT-2 writes them."""
        return list(self._names)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, which begins with a blank if it has none; [] when empty."""
        if not text:
            return []
        text = text if text.startswith(" ") else " " + text
        plain = text if text.isascii() else text.translate(_PLAINLY)
        found: list[int] = []
        for match in _WORDS.finditer(plain):
            word = text[match.start() : match.end()]
            tokens = self._known.get(word)
            if tokens is None:
                if len(self._known) >= _MAX_WORDS:
                    self._known.clear()
                tokens = self._known[word] = self._cut(word)
            found += tokens
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, without `NOTHING`, broken letters and blanks at its ends."""
        names = (self._names[token] for token in tokens if token != NOTHING)
        data = bytes(_BYTES[character] for name in names for character in name)
        return data.decode("utf-8", "ignore").strip()

    def _cut(self, word: str) -> list[int]:
        """Merge the earliest learned pair, the leftmost of equals, until none is left."""
        tokens = [self._of_byte[byte] for byte in word.encode()]
        if not self._merged or len(tokens) < 2:
            return tokens
        after = list(range(1, len(tokens) + 1))
        before = list(range(-1, len(tokens) - 1))
        waiting: list[tuple[int, int, int, int]] = []

        def propose(place: int) -> None:
            pair = tokens[place], tokens[after[place]]
            if pair in self._merged:
                heapq.heappush(waiting, (self._merged[pair][0], place, *pair))

        for place in range(len(tokens) - 1):
            propose(place)
        while waiting:
            _, place, left, right = heapq.heappop(waiting)
            gone = after[place]
            if tokens[place] != left or gone >= len(tokens) or tokens[gone] != right:
                continue
            tokens[place], tokens[gone] = self._merged[left, right][1], -1
            after[place] = after[gone]
            if after[place] < len(tokens):
                before[after[place]] = place
                propose(place)
            if before[place] >= 0:
                propose(before[place])
        return [token for token in tokens if token >= 0]


@lru_cache(maxsize=64)
def pieces(merges: str) -> BytePairs:
    """Return what cuts texts by some merges."""
    return BytePairs(merges)


def learn_merges(texts: Sequence[str]) -> str:
    """Learn byte-pair merges, one ``left right`` per line, from texts.

    The vocabulary has one piece per 150 characters of text, within [512, 8192]. As every
    byte is a piece, no text is unknown. Deterministic: one thread, ties broken by piece number.

    Raises `ExtraError` where ``tokenizers`` is not installed.
    """
    try:
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    except ImportError:
        raise ExtraError("train", "learning the pieces of words") from None

    num_characters = sum(map(len, texts))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=int(min(8192, max(512, num_characters // 150))),
        min_frequency=2,
        special_tokens=[_NOTHING_PIECE],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=MAX_PIECE,
        show_progress=False,
    )
    with _one_thread():
        tokenizer.train_from_iterator(texts, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return "\n".join(merge if isinstance(merge, str) else " ".join(merge) for merge in merges)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep the library to one thread: the same merges each time, and no warning after a fork."""
    name = "TOKENIZERS_PARALLELISM"
    before = os.environ.get(name)
    os.environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
