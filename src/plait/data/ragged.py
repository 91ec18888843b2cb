"""The store of prepared values: flat binary files, lengths of ragged axes, and where rows begin."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from plait.data.decoding import is_ragged
from plait.data.pages import FileArray, PageBudget
from plait.errors import SchemaError
from plait.types import Arrays, ArraySpec, ColumnBatch, Layout

VERSION = 1
DENSE_BYTES = 64
"""Values of fixed size up to this are stored for missing rows too (as zeros)."""


def ragged_axes(layout: Layout) -> list[str]:
    """Return the names of axes of varying length, in order of appearance."""
    sizes = (size for spec in layout.values() for size in spec.shape)
    return list(dict.fromkeys(size for size in sizes if isinstance(size, str)))


def axis_lengths(value: Arrays, layout: Layout) -> dict[str, int]:
    """Return the length of each ragged axis. Raises `SchemaError` when `value` breaks `layout`."""
    found: dict[str, int] = {}
    for name, spec in layout.items():
        array = value.get(name)
        if array is None or array.ndim != len(spec.shape) or array.dtype != np.dtype(spec.dtype):
            raise _broken(name, spec, array)
        for size, length in zip(spec.shape, array.shape, strict=True):
            expected = found.setdefault(size, length) if isinstance(size, str) else size
            if length != expected:
                raise _broken(name, spec, array)
    return found


def padded_sizes(spec: ArraySpec, lengths: dict[str, np.ndarray]) -> list[int]:
    """Return a part's sizes in a batch: ragged axes as long as the longest value, at least 1."""
    return [int(lengths[s].max(initial=1)) if isinstance(s, str) else s for s in spec.shape]


def stack_padded(
    values: Sequence[Arrays | None], layout: Layout, lengths: dict[str, np.ndarray]
) -> Arrays:
    """Return parts ``[row, *shape]``, zeros where padded or missing."""
    parts = {}
    for name, spec in layout.items():
        out = np.zeros((len(values), *padded_sizes(spec, lengths)), spec.dtype)
        for row, value in enumerate(values):
            if value is not None:
                out[row][tuple(map(slice, value[name].shape))] = value[name]
        parts[name] = out
    return parts


def _broken(name: str, spec: ArraySpec, array: np.ndarray | None) -> SchemaError:
    return SchemaError(
        f"a codec's prepare does not keep to its layout in part '{name}'",
        expected=f"{spec.dtype} {list(spec.shape)}",
        received="nothing" if array is None else f"{array.dtype} {list(array.shape)}",
    )


class ColumnWriter:
    """Writes one column's values, row after row, into a folder. Use as a context manager.

    Args:
        folder: Where its files are to be.
        layout: Of the values.
        about: Is kept beside what `close` is told.
    """

    def __init__(
        self, folder: Path, layout: Layout, about: Mapping[str, Any] | None = None
    ) -> None:
        self._folder, self._layout, self._about = folder, layout, dict(about or {})
        self._axes = ragged_axes(layout)
        self._dense = is_dense(layout)
        self._files: dict[str, BinaryIO] = {}
        self._stack = ExitStack()
        self._ends = dict.fromkeys(layout, 0)
        self.num_rows = self.num_present = 0

    def __enter__(self) -> ColumnWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def append(self, values: Sequence[Arrays | None]) -> None:
        """Write the values of the next rows; None where missing."""
        found = [value for value in values if value is not None]
        lengths = [axis_lengths(value, self._layout) for value in found]
        present = np.array([value is not None for value in values], bool)
        if self._dense:
            batch = stack_padded(values, self._layout, {})
            self.append_stacked(present, batch)
            return
        self._write_presence(present)
        for axis in self._axes:
            self._write(f"axis_{axis}", np.array([length[axis] for length in lengths], np.int32))
        for name, spec in self._layout.items():
            arrays = [value[name].ravel() for value in found]
            if any(isinstance(size, str) for size in spec.shape):
                ends = self._ends[name] + np.cumsum([a.size for a in arrays], dtype=np.int64)
                self._write(f"ends_{name}", ends)
                self._ends[name] = int(ends[-1]) if len(ends) else self._ends[name]
            if arrays:
                self._write(f"part_{name}", np.concatenate(arrays))

    def append_stacked(self, present: np.ndarray, parts: Arrays) -> None:
        """Write rows of a dense layout: bool ``[row]`` and arrays ``[row, *shape]``."""
        for name, array in parts.items():
            self._write(f"part_{name}", array)
        self._write_presence(present)

    def close(self, meta: dict[str, Any]) -> None:
        """Finish the files and write ``meta.json``, which says what they hold."""
        self._write_presence(np.zeros(0, bool))
        for name in self._layout:
            self._write(f"part_{name}", np.zeros(0, np.uint8))
        self._stack.close()
        sizes = {file.name: file.stat().st_size for file in sorted(self._folder.iterdir())}
        meta = {
            **self._about,
            **meta,
            "version": VERSION,
            "num_rows": self.num_rows,
            "num_present": self.num_present,
            "sizes": sizes,
        }
        (self._folder / "meta.json").write_text(json.dumps(meta), "utf-8")

    def _write_presence(self, present: np.ndarray) -> None:
        self._write("present", present.view(np.uint8))
        if not self._dense:
            slots = self.num_present + np.cumsum(present, dtype=np.int64) - 1
            self._write("slots", np.where(present, slots, -1))
        self.num_rows += len(present)
        self.num_present += int(present.sum())

    def _write(self, name: str, array: np.ndarray) -> None:
        if name not in self._files:
            file = (self._folder / f"{name}.bin").open("wb", buffering=2**20)
            self._files[name] = self._stack.enter_context(file)
        self._files[name].write(np.ascontiguousarray(array).data)


class ColumnStore:
    """Reads what `ColumnWriter` wrote, through memory maps.

    Attributes:
        meta: What the writer was told, and sizes.
        present: bool ``[row]``.

    Raises:
        ValueError: When a file is missing or of another size than written.
    """

    def __init__(self, folder: Path, layout: Layout, budget: PageBudget) -> None:
        self._folder, self._layout, self._budget = folder, layout, budget
        self.meta = json.loads((folder / "meta.json").read_text("utf-8"))
        _check_sizes(folder, self.meta)
        self.num_rows, self.num_present = self.meta["num_rows"], self.meta["num_present"]
        self._dense = is_dense(layout)
        self.present: np.ndarray = self._open("present", "bool", [self.num_rows]).values
        self._slots = None if self._dense else self._open("slots", "int64", [self.num_rows])
        num = self.num_rows if self._dense else self.num_present
        self._axes = {a: self._open(f"axis_{a}", "int32", [num]) for a in ragged_axes(layout)}
        self._ends, self._parts = {}, {}
        for name, spec in layout.items():
            if any(isinstance(size, str) for size in spec.shape):
                self._ends[name] = self._open(f"ends_{name}", "int64", [num])
                size = int(self._ends[name].values[-1]) if num else 0
                self._parts[name] = self._open(f"part_{name}", spec.dtype, [size])
            else:
                shape = [num, *(int(size) for size in spec.shape)]
                self._parts[name] = self._open(f"part_{name}", spec.dtype, shape)

    def row(self, row: int) -> Arrays | None:
        """Return read-only views of one row's parts, or None when it has no value."""
        if not self.present[row]:
            return None
        slot = row if self._slots is None else int(self._slots.values[row])
        return {name: self._value(name, slot) for name in self._layout}

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return the rows as one padded batch."""
        present = self.present[rows]
        slots = self._slots_of(rows)[present]
        lengths = {axis: np.ones(len(rows), np.int64) for axis in self._axes}
        for axis, array in self._axes.items():
            array.touched(len(slots), 4)
            lengths[axis][present] = np.maximum(array.values[slots], 1)
        parts = {}
        for name, spec in self._layout.items():
            sizes = padded_sizes(spec, lengths)
            if name in self._ends:
                out = np.zeros((len(rows), *sizes), spec.dtype)
                for place, slot in zip(np.flatnonzero(present), slots, strict=True):
                    value = self._value(name, int(slot))
                    out[place][tuple(map(slice, value.shape))] = value
            else:
                out = self._fixed(name, slots, present, sizes)
            parts[name] = out
        return ColumnBatch(parts, lengths, present)

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``: the product of ragged axes' lengths (1 without any)."""
        found = np.ones(self.num_rows, np.int64)
        for array in self._axes.values():
            found[self.present] *= np.maximum(array.values, 1)
            array.drop()
        return found

    def _slots_of(self, rows: np.ndarray) -> np.ndarray:
        if self._slots is None:
            return rows
        self._slots.touched(len(rows), 8)
        return np.asarray(self._slots.values[rows])

    def _fixed(
        self, name: str, slots: np.ndarray, present: np.ndarray, sizes: list[int]
    ) -> np.ndarray:
        array, spec = self._parts[name], self._layout[name]
        array.touched(len(slots), prod(sizes) * np.dtype(spec.dtype).itemsize)
        if len(slots) == len(present):
            return np.take(array.values, slots, axis=0)
        out = np.zeros((len(present), *sizes), spec.dtype)
        out[present] = array.values[slots]
        return out

    def _value(self, name: str, slot: int) -> np.ndarray:
        values = self._parts[name].values
        if name not in self._ends:
            self._parts[name].touched(1, values[slot].nbytes)
            return np.asarray(values[slot])
        ends = self._ends[name].values
        self._ends[name].touched(1, 16)
        flat = values[int(ends[slot - 1]) if slot else 0 : int(ends[slot])]
        self._parts[name].touched(1, flat.nbytes)
        shape = [
            int(self._axes[s].values[slot]) if isinstance(s, str) else s
            for s in self._layout[name].shape
        ]
        return flat.reshape(shape)

    def _open(self, name: str, dtype: str, shape: list[int]) -> FileArray:
        path = self._folder / f"{name}.bin"
        expected = prod(shape) * np.dtype(dtype).itemsize
        if (path.stat().st_size if path.exists() else 0) != expected:
            raise ValueError(f"{path.name} is not of the size written")
        return FileArray(path, dtype, shape, self._budget)


def is_dense(layout: Layout) -> bool:
    """Tell whether missing rows are stored too: values are small and of fixed size."""
    if is_ragged(layout):
        return False
    sizes = [
        prod(int(s) for s in spec.shape) * np.dtype(spec.dtype).itemsize for spec in layout.values()
    ]
    return sum(sizes) <= DENSE_BYTES


def _check_sizes(folder: Path, meta: Any) -> None:
    if not isinstance(meta, dict) or meta.get("version") != VERSION:
        raise ValueError("another version wrote this")
    for name, size in meta["sizes"].items():
        if os.path.getsize(folder / name) != size:
            raise ValueError(f"{name} is not of the size written")
