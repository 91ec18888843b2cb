"""Stickers' names and tags, spoken by four synthetic voices that never vary (espeak-ng)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from benchmarks.data.espeak import Speaker
from benchmarks.data.spoken_names import coded
from benchmarks.data.stickers import stickers
from benchmarks.data.tables import cached

VOICES = (("en-us+m1", 50), ("en-us+f1", 55), ("en-gb-scotland+m3", 45), ("en-us+f4", 65))
"""With their pitch; all say all parts, so that a name can be asked for of any of them."""

PACE, TAKES = 165, 2
"""Words a minute; and voices that say each name that is learned."""


def spoken_words() -> pa.Table:
    """Return columns ``voice`` (FLAC bytes), ``name``, ``speaker`` and ``part``: 3,800 rows.

    ``part`` is ``train``, names of the stickers to learn from and their tags; ``validation`` and
    ``test``, names of others, which no other part says, each by one voice.
    """
    return cached("spoken-words", _make)


def _make() -> pa.Table:
    speak = Speaker()
    columns: dict[str, list[object]] = {"voice": [], "name": [], "speaker": [], "part": []}
    for part, name, (voice, pitch) in takes(np.random.default_rng(0)):
        columns["voice"].append(coded(speak(name, voice, PACE, pitch), speak.rate_hz))
        columns["name"].append(name)
        columns["speaker"].append(voice)
        columns["part"].append(part)
    return pa.table(columns)


def takes(rng: np.random.Generator) -> Iterator[tuple[str, str, tuple[str, int]]]:
    """Give part, words and voice of each row."""
    table = stickers()
    parts, names, tags = (table[name].to_pylist() for name in ("split", "name", "tags"))
    of_part = {
        part: sorted({n for n, p in zip(names, parts, strict=True) if n and p == part})
        for part in ("train", "validation", "test")
    }
    held = {*of_part["validation"], *of_part["test"]}
    learned = {
        tag.strip()
        for row, part in zip(tags, parts, strict=True)
        if row and part == "train"
        for tag in row.split(",")
    }
    others = sorted(tag for tag in learned - held - {*of_part["train"]} if _is_said(tag))
    for name in of_part["train"]:
        for voice in rng.permutation(len(VOICES))[:TAKES]:
            yield "train", name, VOICES[voice]
    for part, said in (("train", others), *((p, of_part[p]) for p in ("validation", "test"))):
        for name in said:
            yield part, name, VOICES[rng.integers(len(VOICES))]


def _is_said(tag: str) -> bool:
    """Tell whether a tag is words: not signs and numbers, which are said by other words.

    >>> _is_said("air quotes"), _is_said("<3")
    (True, False)
    """
    return len(tag) > 2 and all(letter.isalpha() or letter in " -'" for letter in tag)
