"""Vectors as int8 codes: quantising, exact scan, scores against float queries; NumPy only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from plait.errors import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float32, Int8, Int64, Shaped

BLOCK_ROWS = 8192
"""Rows turned to float at a time: 4 MB at 128 dimensions, which stays in the L2 and L3 caches."""
BLOCK_QUERIES = 256
LARGEST_CODE = 127


@dataclass(frozen=True)
class Codes:
    """Unit vectors, each as int8 times a scale of its own.

    A vector *v* is kept as ``rint(127 v / max |v|)``. Cosine does not see the scale, so each vector
    can fill the whole range of int8: at 128 dimensions its cosines are off by 0.002 at most in
    place of 0.013 with one scale of 127 for all, and recall@10 of an exact scan is 0.992 in place
    of 0.960 (50,000 clustered vectors).

    Attributes:
        values: Codes in [-127, 127].
        norms: Their Euclidean lengths.
    """

    values: Int8[np.ndarray, "row dim"]
    norms: Float32[np.ndarray, " row"]

    @classmethod
    def of(cls, vectors: Shaped[np.ndarray, "row dim"]) -> Codes:
        """Quantise finite vectors of any length but 0. Raises `UsageError` naming the row."""
        values = np.empty(vectors.shape, np.int8)
        norms = np.empty(len(vectors), np.float32)
        for rows in blocks(len(vectors)):
            scaled = full_range(vectors[rows], first_row=rows.start)
            values[rows] = np.rint(scaled * LARGEST_CODE)
            norms[rows] = np.linalg.norm(values[rows].astype(np.float32), axis=1)
        return cls(values, norms)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return self.values.shape[1]

    def take(self, rows: np.ndarray) -> Codes:
        """Return the codes of some rows (numbers or a mask), in memory."""
        return Codes(np.asarray(self.values[rows]), np.asarray(self.norms[rows]))

    def joined(self, other: Codes) -> Codes:
        """Return these codes and then `other`'s, in memory."""
        return Codes(
            np.concatenate([self.values, other.values]), np.concatenate([self.norms, other.norms])
        )

    def scores(
        self, queries: Float32[np.ndarray, "query dim"], rows: np.ndarray | slice
    ) -> Float32[np.ndarray, "query some"]:
        """Return cosines of unit queries with some rows, in [-1, 1]; queries are not quantised."""
        products = queries @ self.values[rows].astype(np.float32).T
        return np.clip(products / self.norms[rows], -1.0, 1.0)

    def nearest(
        self,
        queries: Float32[np.ndarray, "query dim"],
        k: int,
        rows: Int64[np.ndarray, " some"] | None = None,
    ) -> tuple[Int64[np.ndarray, "query k"], Float32[np.ndarray, "query k"]]:
        """Return the rows with the highest cosine and these, best first, by scanning all.

        Args:
            queries: Unit vectors.
            k: How many; fewer come back where fewer rows are scanned.
            rows: Numbers of the rows to scan; None scans all.
        """
        parts = [
            self._nearest(queries[first : first + BLOCK_QUERIES], k, rows)
            for first in range(0, len(queries), BLOCK_QUERIES)
        ]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _nearest(
        self, queries: np.ndarray, k: int, rows: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        best_rows = np.empty((len(queries), 0), np.int64)
        best = np.empty((len(queries), 0), np.float32)
        for block in blocks(len(self) if rows is None else len(rows)):
            chosen = np.arange(block.start, block.stop) if rows is None else rows[block]
            scores = self.scores(queries, block if rows is None else chosen)
            numbers = np.broadcast_to(chosen, scores.shape)
            best_rows, best = highest(
                np.concatenate([best_rows, numbers], axis=1), np.concatenate([best, scores], 1), k
            )
        order = np.argsort(-best, axis=1, kind="stable")
        return np.take_along_axis(best_rows, order, 1), np.take_along_axis(best, order, 1)


def highest(rows: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k columns with the highest scores of each line, unsorted."""
    if scores.shape[1] <= k:
        return rows, scores
    chosen = np.argpartition(scores, -k, axis=1)[:, -k:]
    return np.take_along_axis(rows, chosen, 1), np.take_along_axis(scores, chosen, 1)


def unit_vectors(vectors: Shaped[np.ndarray, "row dim"]) -> Float32[np.ndarray, "row dim"]:
    """Return vectors of length 1. Raises `UsageError` for NaN, infinity and vectors of zeros."""
    scaled = full_range(vectors, first_row=0)
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def full_range(
    vectors: Shaped[np.ndarray, "row dim"], *, first_row: int
) -> Float32[np.ndarray, "row dim"]:
    """Return vectors divided by their largest absolute value, so that no square can overflow."""
    found = np.asarray(vectors, np.float32)
    largest = np.abs(found).max(axis=1, initial=0.0, keepdims=True)
    usable = np.isfinite(largest[:, 0]) & (largest[:, 0] > 0)
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        zeros = largest[row, 0] == 0
        raise UsageError(
            "a vector is all zeros" if zeros else "a vector holds NaN or infinity",
            expected="finite numbers, not all 0: a direction",
            received=str(found[row][:8].tolist()),
            row=first_row + row,
            hint="leave this row out",
        )
    return found / largest


def blocks(num_rows: int, size: int = BLOCK_ROWS) -> Iterator[slice]:
    """Return the slices that cut rows into blocks."""
    for first in range(0, num_rows, size):
        yield slice(first, min(first + size, num_rows))
