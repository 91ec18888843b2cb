"""One column's features as points whose inner products mean something, for closed-form maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plait.baselines.extract import RawColumn, is_vector
from plait.baselines.sketch import sketch_sparse
from plait.modalities import Codec

NUM_SKETCHED = 4096
"""Sparse features are hashed to so many; fewer cost accuracy (docs/log.md, 2026-11-21)."""


LEAST_ZEROS = 0.02
"""Features that are never negative and zero in at least so many rows are counts."""


@dataclass(frozen=True)
class PointScale:
    """Lays a column's numbers and counts side by side, both blocks of mean squared length 1.

    Numbers are standardised one by one. A network's vectors share one scale instead, and are first
    scaled to unit length: their small directions are noise. Counts (words, letters, sounds) keep
    their proportions, each row of unit length, without weights for rare ones: a map between
    columns finds those itself.

    Attributes:
        mean: float32 ``[feature]``, of the rows that have the column.
        scale: float32 ``[feature]``.
        counts: bool ``[dense]``: which of the dense features are counts, as all sparse ones are.
        is_vector: Whether the features are a network's.
    """

    mean: np.ndarray
    scale: np.ndarray
    counts: np.ndarray
    is_vector: bool

    @classmethod
    def fit(cls, codec: Codec, raw: RawColumn) -> tuple[PointScale, np.ndarray]:
        """Learn from training rows; return the scale and their points."""
        whole_vector = is_vector(codec)
        counts = np.zeros(raw.dense.shape[1], bool)
        if not whole_vector and raw.present.any():
            seen = raw.dense[raw.present]
            counts = (seen.min(0) >= 0) & ((seen == 0).mean(0) >= LEAST_ZEROS)
        found = _blocks(raw, counts, whole_vector)
        seen = found[raw.present].astype(np.float64)
        mean = seen.mean(0) if len(seen) else np.zeros(found.shape[1])
        variance = seen.var(0) if len(seen) else np.zeros(found.shape[1])
        scale, numbers = np.ones(found.shape[1]), slice(0, int((~counts).sum()))
        if not whole_vector:
            alive = variance > (1e-9 * (1 + np.abs(mean))) ** 2
            whole = np.where(alive, np.where(alive, variance, 1.0) ** -0.5, 0.0)
            scale[numbers] = whole[numbers]
        for part in (numbers, slice(numbers.stop, None)):
            length = float((variance[part] * scale[part] ** 2).sum()) ** 0.5
            scale[part] /= length if length > 0 else 1.0
        one = cls(mean.astype(np.float32), scale.astype(np.float32), counts, whole_vector)
        return one, one._scaled(found, raw.present)

    def points(self, raw: RawColumn) -> np.ndarray:
        """Return the points of rows, float32 ``[row, feature]``; 0 where the column is missing."""
        return self._scaled(_blocks(raw, self.counts, self.is_vector), raw.present)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what `from_arrays` needs."""
        about = {"counts": self.counts, "is_vector": np.array([self.is_vector])}
        return {"mean": self.mean, "scale": self.scale, **about}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> PointScale:
        """Rebuild what `arrays` gave."""
        whole_vector = bool(arrays["is_vector"][0])
        return cls(arrays["mean"], arrays["scale"], arrays["counts"], whole_vector)

    def _scaled(self, found: np.ndarray, present: np.ndarray) -> np.ndarray:
        return np.where(present[:, None], (found - self.mean) * self.scale, np.float32(0))


def _blocks(raw: RawColumn, counts: np.ndarray, whole_vector: bool) -> np.ndarray:
    """Return numbers, then counts, float32 ``[row, feature]``."""
    if whole_vector:
        return unit_rows(raw.dense)
    found = [raw.dense[:, counts]]
    if raw.sparse.num_features:
        found.append(sketch_sparse(raw.sparse, NUM_SKETCHED))
    return np.concatenate([raw.dense[:, ~counts], unit_rows(np.concatenate(found, axis=1))], axis=1)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Return rows ``[row, feature]`` divided by their lengths, float32; rows of zeros stay so."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1.0)).astype(np.float32)
