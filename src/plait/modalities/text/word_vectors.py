"""Vectors of words, as a pretrained encoder of texts gave them; and the table that plait brings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from plait.display import brief
from plait.packing import pack, unpack

BUNDLED = Path(__file__).with_name("words.safetensors")
"""Made by ``scripts/make_words.py``: 21,727 words by all-MiniLM-L6-v2; see words.LICENCE.txt."""

VECTORS, NAMES, ABOUT = "vectors", "names", "about"

BITS = 4
"""Of a number: means of words are as good by four bits as by sixteen (docs/log.md, 2026-12-01)."""

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case.

    >>> words_of("Red boot, size 9")
    ['red', 'boot', 'size', '9']
    """
    return _WORD.findall(text.lower())


@brief
@dataclass(frozen=True)
class WordVectors:
    """Vectors of words.

    Attributes:
        words: In lower case, none twice.
        packed: Their vectors, float32 ``[word, dim]``, as `plait.packing.pack` holds them.
        source: Name of the encoder that made them.
        licence: Of that; "" where it does not tell.
    """

    words: tuple[str, ...]
    packed: Mapping[str, np.ndarray]
    source: str = ""
    licence: str = ""

    @classmethod
    def of(
        cls, words: Sequence[str], vectors: np.ndarray, *, source: str = "", licence: str = ""
    ) -> WordVectors:
        """Return a table of words, whose vectors are held in few bits from now on."""
        packed = pack({VECTORS: vectors.astype(np.float32)}, BITS)
        return cls(tuple(words), packed, source, licence)

    @cached_property
    def vectors(self) -> np.ndarray:
        """float32 ``[word, dim]``."""
        return unpack(dict(self.packed))[VECTORS]

    @property
    def dim(self) -> int:
        """Numbers of a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def data(self) -> bytes:
        """The table as a file."""
        named = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        about = json.dumps({"source": self.source, "licence": self.licence})
        return save({**self.packed, NAMES: named}, metadata={ABOUT: about})

    @cached_property
    def key(self) -> str:
        """Names its content."""
        return hashlib.sha256(self.data).hexdigest()[:16]

    def mean(self, text: str) -> np.ndarray:
        """Return the mean vector of a text's words, float32 ``[dim]``; of those in the table.

        Zeros, the vector of no word in particular, where it has none of them.
        """
        rows = [self._places[word] for word in words_of(text) if word in self._places]
        return self.vectors[rows].mean(0) if rows else np.zeros(self.dim, np.float32)

    def known(self, text: str) -> tuple[int, int]:
        """Return how many words of a text are in the table, and how many it has."""
        words = words_of(text)
        return sum(word in self._places for word in words), len(words)

    def first(self, num: int) -> WordVectors:
        """Return the table of its first words; itself where it has no more."""
        if num >= len(self.words):
            return self
        some = self.words[:num], self.vectors[:num]
        return WordVectors.of(*some, source=self.source, licence=self.licence)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    @classmethod
    def load(cls, path: Path) -> WordVectors:
        """Read a table. Raises `ValueError` where it is none."""
        with safe_open(path, "numpy") as file:
            about = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        named = arrays.pop(NAMES, np.zeros(0, np.uint8)).tobytes().decode()
        source, licence = about.get("source", ""), about.get("licence", "")
        found = cls(tuple(named.split("\n")), arrays, source, licence)
        if found.vectors.ndim != 2 or len(found.vectors) != len(found.words):
            raise ValueError(f"{len(found.words)} words with vectors {found.vectors.shape}")
        return found


@cache
def bundled_words() -> WordVectors:
    """Return the table that plait brings: English, a megabyte, read once."""
    return WordVectors.load(BUNDLED)
