"""Vectors: one or a few per cell, kept as they are; their scale is learned for the network."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import CellError
from plait.modalities.contract import LATER
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.traits import Traits
from plait.modalities.vector.cells import LARGEST, read_vectors
from plait.modalities.vector.sketch import fingerprint_vectors, vectors_alike
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

NAMES = ("embed", "vector")
"""Parts of a column's name that say that its lists of numbers are vectors."""

LEAST_DIM = 8
SMALLEST_SCALE = 1e-4
SHOWN_NUMBERS = 4

PLACE_SYMBOLS = 2
"""That a step of a line has room for, as one of a sound's own line has."""

MOST_HIDDEN = 0.1
"""Share of a line that is hidden at most, at one place, when it is augmented."""


@brief
@dataclass(frozen=True, kw_only=True)
class VectorCodec:
    """Codec of the ``vector`` modality: embeddings that were computed elsewhere.

    Raw is float32 ``[token, dim]``; a list of numbers is one token. The first token stands for the
    whole value (of a backbone: the pooled vector). A codec fitted on no vector at all (`dim` 0)
    keeps each vector's length alone.

    Attributes:
        dim: Numbers per vector; 0: chosen by `fit`, the commonest in training.
        num_tokens: Most vectors per cell; later ones are cut. `fit` lowers it to what it sees.
        mean, scale: Per dimension, of the first vectors of training cells; the network standardises
            those with them. Later vectors (of a backbone: local ones) may be of another scale.
        lined: Whether the later vectors are what was when in a sound, at equal steps of time.
    """

    modality: ClassVar[str] = "vector"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(whole=True)
    offers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"line": {}}

    dim: int = 0
    num_tokens: int = 64
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    lined: bool = field(default=False, metadata=LATER)

    @property
    def layout(self) -> Layout:
        return {"vectors": ArraySpec(("token", max(self.dim, 1)), "float16")}

    def detect(self, sample: ColumnSample) -> float:
        """Sure of lists of one length that have length 1 each, or a column named as vectors.

        Other lists of numbers may as well be series, which claims them.
        """
        dims = {_dim(value) for value in sample.values}
        if len(dims) != 1 or (dims.pop() or 0) < LEAST_DIM:
            return 0.0
        named = any(part in sample.name.lower() for part in NAMES)
        return 0.96 if named or all(_is_unit(value) for value in sample.values[:50]) else 0.2

    def read(self, cell: Cell, media: Media) -> np.ndarray | None:
        raw = read_vectors(cell)
        if raw is not None:
            self._check(raw)
        return raw

    def fit(self, raws: Iterable[np.ndarray]) -> VectorCodec:
        """Learn `dim`, `num_tokens`, and mean and spread of each dimension."""
        sums: dict[int, np.ndarray] = {}
        counts: Counter[int] = Counter()
        longest: dict[int, int] = {}
        for raw in raws:
            num, dim = raw.shape
            exact = raw[:1].astype(np.float64)
            counts[dim] += 1
            longest[dim] = max(longest.get(dim, 0), num)
            total = np.stack([exact.sum(0), (exact**2).sum(0)])
            sums[dim] = sums[dim] + total if dim in sums else total
        if not counts:
            return self
        dim = self.dim or counts.most_common(1)[0][0]
        if dim not in sums:
            return self
        mean, square = sums[dim][0] / counts[dim], sums[dim][1] / counts[dim]
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        least = SMALLEST_SCALE * (float(np.sqrt((spread**2).mean())) or 1.0)
        scale = np.maximum(spread, least)
        return replace(
            self,
            dim=dim,
            num_tokens=min(self.num_tokens, longest[dim]),
            mean=tuple(mean.tolist()),
            scale=tuple(scale.tolist()),
        )

    def prepare(self, raw: np.ndarray) -> Arrays:
        """``vectors``: as they are, in half precision."""
        self._check(raw)
        kept = raw[: self.num_tokens]
        if not self.dim:
            kept = np.linalg.norm(kept, axis=1, keepdims=True)
        return {"vectors": np.clip(kept, -LARGEST, LARGEST).astype(np.float16)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Add noise of a twentieth of the vectors' own spread; hide two spans of a line, which
        are its mean then (Park et al. 2019, "SpecAugment")."""
        vectors = arrays["vectors"].astype(np.float32)
        level = 0.05 * np.sqrt((vectors**2).mean())
        noisy = vectors + level * rng.normal(size=vectors.shape)
        for _ in range(2 if self.lined else 0):
            length = int(rng.uniform(0, MOST_HIDDEN) * (len(noisy) - 1))
            start = 1 + int(rng.integers(max(len(noisy) - 1 - length, 1)))
            noisy[start : start + length] = vectors[:1]
        return {"vectors": np.clip(noisy, -LARGEST, LARGEST).astype(np.float16)}

    def show(self, raw: np.ndarray) -> Html:
        start = ", ".join(f"{number:.3g}" for number in raw[0, :SHOWN_NUMBERS])
        several = f"{len(raw)} x " if len(raw) > 1 else ""
        text = f"{several}{raw.shape[1]} numbers: {start}, ..."
        return f'<span class="vector">{html.escape(text)}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        """A vector of length 1, as JSON."""
        vector = rng.normal(size=self.dim or 16)
        return json.dumps((vector / np.linalg.norm(vector)).round(6).tolist())

    def neutral(self) -> np.ndarray:
        return np.array([self.mean or [0.0] * max(self.dim, 1)], np.float32)

    def corrupt(self, raw: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
        """Add noise, as large as the vectors themselves at most."""
        if severity <= 0:
            return raw
        level = severity * float(np.sqrt((raw.astype(np.float64) ** 2).mean()))
        noisy = raw + level * rng.normal(size=raw.shape)
        return np.clip(noisy, -LARGEST, LARGEST).astype(np.float32)

    def features(self, arrays: Arrays) -> np.ndarray:
        """The first vector as it is, and, where cells may hold several, the mean of the others.

        A cell with a single one has it in both places.
        """
        vectors = arrays["vectors"].astype(np.float32)
        if self.num_tokens == 1:
            return vectors[0]
        others = vectors[1:] if len(vectors) > 1 else vectors
        return np.concatenate([vectors[0], others.mean(0)])

    def line_places(self, arrays: Arrays) -> int:
        """Return how many symbols a line has room for; 0 where none is offered."""
        return PLACE_SYMBOLS * (len(arrays["vectors"]) - 1) if self.lined else 0

    def fingerprint(self, raw: np.ndarray) -> Fingerprint | None:
        return fingerprint_vectors(raw)

    def alike(self, first: bytes, second: bytes) -> bool:
        return vectors_alike(first, second)

    def _check(self, raw: np.ndarray) -> None:
        if self.dim and raw.shape[1] != self.dim:
            raise CellError(
                "the vector has another length than in training",
                expected=f"{self.dim} numbers",
                received=f"{raw.shape[1]} numbers",
                hint="use the embedding model that the training table was made with",
            )


def _list(value: Cell) -> Sequence[Any]:
    if isinstance(value, str):
        text = value.strip()
        if text[:1] != "[":
            return ()
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return ()
    value = value.tolist() if isinstance(value, np.ndarray) else value
    inner = value[0] if isinstance(value, list | tuple) and value else None
    if isinstance(inner, list | tuple | np.ndarray):
        return list(inner)
    return value if isinstance(value, list | tuple) else ()


def _dim(value: Cell) -> int | None:
    """How many numbers one cell's (first) vector has; None where it holds something else."""
    numbers = _list(value)
    fine = all(isinstance(n, int | float | np.number) for n in numbers)
    return len(numbers) if numbers and fine else None


def _is_unit(value: Cell) -> bool:
    return abs(float(np.linalg.norm(np.array(_list(value), np.float64))) - 1.0) < 1e-3
