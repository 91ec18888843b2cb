"""Codecs of a few lines for the tests of tables: words as ragged letters, and one that breaks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from plait.errors import CellError
from plait.modalities import Fingerprint, Media
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout


@dataclass(frozen=True, kw_only=True)
class LettersCodec:
    """Words as letter codes ``[letter]`` and their squares ``[letter, 2]``."""

    modality: ClassVar[str] = "letters"
    version: ClassVar[int] = 1
    extra: ClassVar[str | None] = None
    shift: int = 0
    num_seen: int = 0

    @property
    def layout(self) -> Layout:
        return {
            "code": ArraySpec(("letter",), "int32"),
            "pair": ArraySpec(("letter", 2), "float32"),
            "size": ArraySpec((1,), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        return 0.0

    def read(self, cell: Cell, media: Media) -> str | None:
        if cell == "broken":
            raise CellError("the word is broken", expected="a word", received=cell)
        if cell == "crash":
            raise ZeroDivisionError("a bug")
        return str(cell)

    def fit(self, raws: Iterable[str]) -> LettersCodec:
        return replace(self, num_seen=sum(1 for _ in raws))

    def prepare(self, raw: str) -> Arrays:
        codes = np.array([ord(letter) + self.shift for letter in raw], np.int32)
        return {
            "code": codes,
            "pair": np.stack([codes, codes], 1).astype(np.float32),
            "size": np.array([len(raw)], np.float32),
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        return {**arrays, "size": arrays["size"] + rng.normal(size=1).astype(np.float32)}

    def show(self, raw: str) -> Html:
        return raw

    def example(self, rng: np.random.Generator) -> Cell:
        return "word"

    def neutral(self) -> Any:
        return ""

    def corrupt(self, raw: Any, severity: float, rng: np.random.Generator) -> Any:
        return raw

    def features(self, arrays: Arrays) -> np.ndarray:
        return arrays["size"]

    def fingerprint(self, raw: str) -> Fingerprint | None:
        word = raw.lower().encode()
        return Fingerprint(hashlib.sha256(word).digest(), word)

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second
