"""Memory maps whose pages are given back, so that memory in use does not grow with the table."""

from __future__ import annotations

import mmap
import weakref
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

READ_AROUND_BYTES = 64 * 2**10
"""What the kernel maps around a place that is read."""


class PageBudget:
    """Counts bytes read through maps and drops their pages from this process when too many.

    The pages stay in the system's file cache, so reading them again costs a microsecond.
    """

    def __init__(self, max_bytes: int = 32 * 2**20) -> None:
        self._max_bytes = max_bytes
        self._used_bytes = 0
        self._maps: weakref.WeakSet[FileArray] = weakref.WeakSet()

    def add(self, array: FileArray) -> None:
        """Have `array` counted and dropped with the others."""
        self._maps.add(array)

    def spend(self, num_bytes: int) -> None:
        """Count bytes; beyond the budget, drop all pages."""
        self._used_bytes += num_bytes
        if self._used_bytes > self._max_bytes:
            self._used_bytes = 0
            for array in list(self._maps):
                array.drop()


class FileArray:
    """A flat binary file as a read-only array.

    Attributes:
        values: The array, of the shape given.
    """

    def __init__(self, path: Path, dtype: str, shape: Sequence[int], budget: PageBudget) -> None:
        self._map: mmap.mmap | None = None
        self._budget = budget
        self.num_bytes = prod(shape) * np.dtype(dtype).itemsize
        if not self.num_bytes:
            self.values = np.zeros(shape, dtype)
            return
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), self.num_bytes, access=mmap.ACCESS_READ)
        self.values = np.frombuffer(self._map, dtype).reshape(shape)
        budget.add(self)

    def touched(self, num_places: int, bytes_each: int) -> None:
        """Count a read of so many places of so many bytes."""
        if self._map is not None:
            each = max(bytes_each, READ_AROUND_BYTES)
            self._budget.spend(min(self.num_bytes, num_places * each))

    def drop(self) -> None:
        """Give the pages back; what is read again is mapped again."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
