"""Byte-pair tokens (Sennrich et al. 2016) over UTF-8 bytes: learned merges, and the tokenizer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

NOTHING = 0
"""Token of an empty text, of a blanked place and of padding."""

MAX_PIECE = 16
"""Longest piece, in bytes."""

_NOTHING_PIECE = "<nothing>"


def learn_merges(texts: Sequence[str]) -> str:
    """Learn byte-pair merges, one ``left right`` per line, from texts.

    The vocabulary has one piece per 150 characters of text, within [512, 8192]. As every
    byte is a piece, no text is unknown. Deterministic: one thread, ties broken by piece number.
    """
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


@lru_cache(maxsize=64)
def pieces(merges: str) -> Tokenizer:
    """Return the tokenizer of some merges: `NOTHING`, the 256 bytes in order, then the merges."""
    pairs = [(left, right) for left, right in (line.split(" ") for line in merges.splitlines())]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [_NOTHING_PIECE, *alphabet, *(left + right for left, right in pairs)]
    vocabulary = {name: number for number, name in enumerate(dict.fromkeys(names))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return tokenizer


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
