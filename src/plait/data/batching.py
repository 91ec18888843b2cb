"""Which rows make a batch: at random, and of similar length where padding would cost more."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from plait.data.prepared import PreparedColumn
from plait.types import Layout

BUCKET_BATCHES = 50
"""Rows are put in order of their length within so many batches at a time, which are shuffled."""

MOST_PADDING = 1.2
"""Batches at random may hold so many times the numbers that their rows do before rows of similar
length are put together: what is alike in length is often alike in kind, and a batch of one kind
undoes what was learned of others (docs/log.md, 2026-11-30)."""

MOST_TOGETHER, LEAST_VALUES = 8, 32
"""Rows of a batch that hold the same large value, where it is embedded once for all of them: more
would save little more. A batch has no fewer than so many values: what rows of one teach is less
varied (docs/log.md, 2026-12-01)."""

LENGTH_NOISE, LEAST_LENGTH = 0.3, 4
"""Standard deviation of what is added to the logarithm of a length, and a length that counts little
beside it: rows of a batch are of similar length, and not of the same."""

NUM_TRIED = 20


class Batching:
    """Cuts rows into batches, in another order every epoch.

    Args:
        columns: Of the rows' values.
        rows: Row numbers.
        batch_size: Rows of a batch; the last of an epoch may have fewer.
        shuffle: Whether rows come in a random order.
        bucket: Whether rows of similar length may be put together: exactly by length without
            `shuffle`, roughly and where it saves much with it.
        seed: Of the order.
        together: int64 ``[row]``: with `shuffle`, up to `MOST_TOGETHER` rows of one number come
            one after the other, whatever their lengths; rows of -1 come alone. None for no such.
    """

    def __init__(
        self,
        columns: Iterable[PreparedColumn],
        rows: np.ndarray,
        *,
        batch_size: int,
        shuffle: bool,
        bucket: bool,
        seed: int,
        together: np.ndarray | None = None,
    ) -> None:
        self.rows, self.batch_size = rows, batch_size
        self._shuffle, self._seed = shuffle, seed
        self._together = together if shuffle else None
        self._lengths: np.ndarray | None = None
        if bucket and self._together is None:
            of_columns = [(column, column.lengths()[rows]) for column in columns]
            self._lengths = np.stack([found for _, found in of_columns]).sum(axis=0)
            if shuffle and self._padding(of_columns) <= MOST_PADDING:
                self._lengths = None

    @property
    def num_batches(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def epoch(self, number: int) -> list[np.ndarray]:
        """Return the row numbers of each batch, which depend on the seed and the epoch alone."""
        rng = np.random.default_rng([self._seed, number])
        places = rng.permutation(len(self.rows)) if self._shuffle else np.arange(len(self.rows))
        if self._together is not None:
            num = min(MOST_TOGETHER, max(1, self.batch_size // LEAST_VALUES))
            return self._cut(places[_gathered(self._together[places], num, rng)])
        if self._lengths is None:
            return self._cut(places)
        if not self._shuffle:
            return self._cut(np.argsort(self._lengths, kind="stable"))
        noise = LENGTH_NOISE * rng.standard_normal(len(self.rows))
        keys = np.log(self._lengths + LEAST_LENGTH) + noise
        size = self.batch_size * BUCKET_BATCHES
        parts = [places[i : i + size] for i in range(0, len(places), size)]
        batches = [batch for part in parts for batch in self._cut(part[np.argsort(keys[part])])]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _cut(self, places: np.ndarray) -> list[np.ndarray]:
        size = self.batch_size
        return [self.rows[places[i : i + size]] for i in range(0, len(places), size)]

    def _padding(self, columns: Iterable[tuple[PreparedColumn, np.ndarray]]) -> float:
        """Return how many times the numbers of their rows some batches at random hold."""
        rng = np.random.default_rng([self._seed, len(self.rows)])
        num = min(self.batch_size, len(self.rows))
        tried = [rng.choice(len(self.rows), num, replace=False) for _ in range(NUM_TRIED)]
        real = padded = 0.0
        for column, lengths in columns:
            fixed, per_step = _sizes(column.codec.layout)
            real += sum(num * fixed + per_step * float(lengths[one].sum()) for one in tried)
            padded += sum(num * (fixed + per_step * float(lengths[one].max())) for one in tried)
        return padded / max(real, 1.0)


def _gathered(numbers: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return an order in which rows of one number, so many at a time, follow each other.

    Groups of one number are cut into parts of nearly one size, which come in a random order.
    """
    order = np.argsort(numbers, kind="stable")
    _, starts, sizes = np.unique(numbers[order], return_index=True, return_counts=True)
    num_parts = np.where(numbers[order][starts] < 0, sizes, -(-sizes // most))
    places = np.arange(len(order)) - np.repeat(starts, sizes)
    part = places * np.repeat(num_parts, sizes) // np.repeat(sizes, sizes)
    part += np.repeat(np.cumsum(num_parts) - num_parts, sizes)
    drawn = rng.permutation(int(num_parts.sum()))
    return order[np.argsort(drawn[part], kind="stable")]


def numbers_of_value(column: PreparedColumn, rows: np.ndarray) -> float:
    """Return how many numbers a value of the column has, in the mean over rows."""
    fixed, per_step = _sizes(column.codec.layout)
    return fixed + (per_step * float(column.lengths()[rows].mean()) if per_step else 0.0)


def _sizes(layout: Layout) -> tuple[int, int]:
    """Return how many numbers a value has in any case, and for each step of its ragged axes."""
    fixed = per_step = 0
    for spec in layout.values():
        size = int(np.prod([one for one in spec.shape if isinstance(one, int)], dtype=np.int64))
        if any(isinstance(one, str) for one in spec.shape):
            per_step += size
        else:
            fixed += size
    return fixed, per_step
