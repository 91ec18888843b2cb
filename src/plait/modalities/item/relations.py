"""How items are related, as matrices: by the cosine, by EASE; and kept as their largest numbers."""

from __future__ import annotations

import numpy as np

from plait.types import Arrays

NUM_NEIGHBOURS, NUM_KEPT = 100, 500
"""Items that one is related to by item-kNN, and of any relation that is kept, at most."""


def cosine(pairs: np.ndarray, num: int = NUM_NEIGHBOURS) -> np.ndarray:
    """Return item-kNN weights of counts of pairs, float32 ``[item, item]``: the nearest of each."""
    lengths = np.sqrt(np.maximum(np.diag(pairs), 1e-9))
    found = pairs / np.outer(lengths, lengths)
    np.fill_diagonal(found, 0.0)
    if num < len(found):
        least = np.partition(found, -num, axis=0)[-num]
        found = np.where(found >= least, found, 0.0)
    return found.astype(np.float32)


def ease(pairs: np.ndarray, penalty: float, number: type = np.float64) -> np.ndarray:
    """Return the weights of EASE of counts of pairs, float32 ``[item, item]``; see `Ease`.

    In numbers of 32 bits it takes half the time, and knows about four digits.
    """
    exact: np.ndarray = pairs.astype(number)
    exact[np.diag_indices(len(exact))] += penalty
    inverse = np.linalg.inv(exact)
    found = -inverse / np.diag(inverse)
    np.fill_diagonal(found, 0.0)
    return found.astype(np.float32)


def strongest(name: str, weights: np.ndarray, num: int = NUM_KEPT) -> Arrays:
    """Return a matrix as its largest numbers in each row, half precision: nearly the same.

    Of no more columns than 65,536.
    """
    num = min(num, weights.shape[1]) if weights.size else 0
    if not num:
        return {f"{name}.shape": np.array(weights.shape, np.int64)}
    places = np.sort(np.argpartition(-np.abs(weights), num - 1, axis=1)[:, :num], axis=1)
    return {
        f"{name}.shape": np.array(weights.shape, np.int64),
        f"{name}.places": places.astype(np.uint16),
        f"{name}.values": np.take_along_axis(weights, places, axis=1).astype(np.float16),
    }


def dense(name: str, arrays: Arrays) -> np.ndarray:
    """Return the matrix that `strongest` gave, float32."""
    found = np.zeros(tuple(int(size) for size in arrays[f"{name}.shape"]), np.float32)
    if f"{name}.places" in arrays:
        places = arrays[f"{name}.places"].astype(np.int64)
        values = arrays[f"{name}.values"].astype(np.float32)
        np.put_along_axis(found, places, values, axis=1)
    return found


def as_kept(weights: np.ndarray) -> np.ndarray:
    """Return a matrix as it is once it was saved and loaded."""
    return dense("weights", strongest("weights", weights))
