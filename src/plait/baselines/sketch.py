"""Random projections that keep distances: the same on every machine, nothing to store."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from plait.baselines.sparse import SparseRows

SKETCH_FEATURES = 2048
PLACES_PER_FEATURE = 4
CHUNK_ROWS = 4096


def sketch_dense(values: np.ndarray, num_features: int) -> np.ndarray:
    """Project ``[row, feature]`` to `num_features` by random signs (Achlioptas 2003)."""
    return values @ signs_of(values.shape[1], num_features)


def sketch_sparse(rows: SparseRows, num_sketched: int = SKETCH_FEATURES) -> np.ndarray:
    """Project sparse rows to `num_sketched` features: each feature to 4 signed places.

    The sparse Johnson-Lindenstrauss transform of Kane and Nelson (2014), block variant.
    """
    few = len(rows.values) < rows.num_features
    known = np.unique(rows.features) if few else np.arange(rows.num_features)
    places, signs = places_of(known, num_sketched)
    out = np.zeros((len(rows), num_sketched), np.float32)
    for first in range(0, len(rows), CHUNK_ROWS):
        part = rows.take(np.arange(first, min(first + CHUNK_ROWS, len(rows))))
        which = np.searchsorted(known, part.features) if few else part.features
        target = part.row_of_value[:, None] * num_sketched + places[which]
        weights = part.values[:, None] * signs[which]
        flat = np.bincount(target.ravel(), weights.ravel(), minlength=len(part) * num_sketched)
        out[first : first + len(part)] = flat.reshape(len(part), num_sketched)
    return out


def places_of(features: np.ndarray, num_sketched: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each feature goes, int64 ``[feature, place]``, and with which signed weight."""
    firsts = features.astype(np.uint64)[:, None] * np.uint64(PLACES_PER_FEATURE)
    hashes = _mix(firsts + np.arange(PLACES_PER_FEATURE, dtype=np.uint64))
    block = num_sketched // PLACES_PER_FEATURE
    places = (hashes % np.uint64(block)).astype(np.int64) + block * np.arange(PLACES_PER_FEATURE)
    return places, np.where(hashes >> np.uint64(63), 0.5, -0.5)


@lru_cache(maxsize=4)
def signs_of(num_rows: int, num_columns: int) -> np.ndarray:
    numbers = np.arange(num_rows * num_columns, dtype=np.uint64)
    signs = np.where(_mix(numbers) >> np.uint64(63), np.float32(1), np.float32(-1))
    return (signs / np.float32(num_columns**0.5)).reshape(num_rows, num_columns)


def _mix(numbers: np.ndarray) -> np.ndarray:
    """SplitMix64 (Steele et al. 2014): integers to hashes."""
    with np.errstate(over="ignore"):
        z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
