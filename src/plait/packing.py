"""Arrays in eight or four bits a number, in groups that share a scale; unpacked when they are read.

A packed array ``name`` is kept as ``name#q8`` or ``name#q4`` (codes, the latter two in a byte),
``name#scales`` (float16, one per group) and ``name#shape``. Groups are runs of `GROUP` numbers of
the flattened array; each number is ``scale * code``, codes from -127 to 127, or from -7 to 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from plait.types import Arrays

GROUP = 32
"""Numbers that share a scale."""

LEAST_SIZE = 1024
"""Smaller arrays stay as they are: there is nothing to gain."""

MOST = {8: 127, 4: 7}
"""Bits of a code -> its largest value."""

_CODES, _SCALES, _SHAPE = "#q", "#scales", "#shape"


def pack(arrays: Mapping[str, np.ndarray], bits: int) -> Arrays:
    """Return arrays with the large matrices of floats packed; the others are as they were.

    Lines of numbers (means, spreads) are of many magnitudes beside each other, and stay.

    Args:
        arrays: By name.
        bits: Of a number: 8 or 4.

    >>> packed = pack({"w": np.ones((64, 32), np.float32)}, 8)
    >>> sorted(packed), float(unpack(packed)["w"].min())
    (['w#q8', 'w#scales', 'w#shape'], 1.0)
    """
    found: Arrays = {}
    for name, array in arrays.items():
        small = array.ndim < 2 or array.size < LEAST_SIZE
        if small or array.dtype not in (np.float32, np.float16):
            found[name] = array
            continue
        codes, scales = coded(array.reshape(-1), bits)
        found[f"{name}{_CODES}{bits}"] = _in_pairs(codes) if bits == 4 else codes
        found[f"{name}{_SCALES}"] = scales
        found[f"{name}{_SHAPE}"] = np.array(array.shape, np.int64)
    return found


def coded(numbers: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return codes int8 ``[number]`` and scales float16 ``[group]`` of numbers in line.

    The scale of a group is its largest magnitude over the largest code.
    """
    groups = _grouped(numbers.astype(np.float32))
    scales = (np.abs(groups).max(1) / MOST[bits]).astype(np.float16)
    # A magnitude too small for float16 has a scale of 0: its group is 0.
    divisor = np.where(scales > 0, scales, 1).astype(np.float32)[:, None]
    codes = np.clip(np.rint(groups / divisor), -MOST[bits], MOST[bits]).astype(np.int8)
    codes[scales == 0] = 0
    return codes.reshape(-1)[: len(numbers)], scales


def unpack(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Return the arrays that `pack` was given, as nearly as the codes tell; float32."""
    found: Arrays = {}
    for name, array in arrays.items():
        own, mark, kind = name.rpartition("#")
        if not mark:
            found[name] = array
        elif kind.startswith("q"):
            shape = tuple(int(size) for size in arrays[f"{own}{_SHAPE}"])
            num = int(np.prod(shape))
            codes = _apart(array)[:num] if kind == "q4" else array
            scales = np.repeat(arrays[f"{own}{_SCALES}"].astype(np.float32), GROUP)[:num]
            found[own] = (codes * scales).astype(np.float32).reshape(shape)
    return found


def read_arrays(file: Path) -> Arrays:
    """Return the arrays of a safetensors file, unpacked."""
    from safetensors.numpy import load_file

    return unpack(load_file(file))


def _grouped(numbers: np.ndarray) -> np.ndarray:
    """Return numbers as ``[group, GROUP]``, zeros behind the last."""
    return np.pad(numbers, (0, -len(numbers) % GROUP)).reshape(-1, GROUP)


def _in_pairs(codes: np.ndarray) -> np.ndarray:
    """Return two codes in each byte, the first in its lower half."""
    halves = (np.pad(codes, (0, len(codes) % 2)) & 0xF).astype(np.uint8).reshape(-1, 2)
    return halves[:, 0] | (halves[:, 1] << 4)


def _apart(pairs: np.ndarray) -> np.ndarray:
    """Return the codes of `_in_pairs`."""
    halves = np.stack([pairs & 0xF, pairs >> 4], 1).reshape(-1).astype(np.int8)
    return np.where(halves > 7, halves - 16, halves)
