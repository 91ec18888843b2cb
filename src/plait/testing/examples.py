"""Small tables and batches of any modality, made from its own examples."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from plait.modalities import Codec, Media, TargetCodec, find_codec
from plait.types import Arrays, Cell

GARBAGE = b"\x00\xffgarbage\x13\x37" * 9
"""Bytes that no modality reads."""


def expect(condition: object, message: str) -> None:
    """Raise AssertionError with `message` unless `condition` holds (works under ``python -O``)."""
    if not condition:
        raise AssertionError(message)


def example_cells(modality: str, num: int, *, seed: int = 0) -> list[Cell]:
    """Return `num` example cells."""
    rng = np.random.default_rng(seed)
    codec = find_codec(modality)()
    return [codec.example(rng) for _ in range(num)]


def media() -> Media:
    """Return where examples are read from: an empty folder, for they carry their own bytes."""
    return Media(Path(tempfile.gettempdir()))


def fitted(modality: str, num: int = 12, *, as_target: bool = False) -> tuple[Codec, list[Any]]:
    """Return a codec fitted on examples, perhaps as a target, and the examples' raw values."""
    codec = find_codec(modality)()
    if as_target and isinstance(codec, TargetCodec):
        codec = codec.as_target()
    raws = [codec.read(cell, media()) for cell in example_cells(modality, num)]
    kept = [raw for raw in raws if raw is not None]
    expect(kept, f"{modality}: read returned None for every example")
    return codec.fit(kept), kept


def same_arrays(first: Arrays, second: Arrays) -> bool:
    """Tell whether two prepared values are identical, bit for bit."""
    return first.keys() == second.keys() and all(
        first[k].shape == second[k].shape and np.array_equal(first[k], second[k], equal_nan=True)
        for k in first
    )


def example_table(
    modality: str, num_rows: int = 48, *, missing: bool = True
) -> list[dict[str, Any]]:
    """Return rows with a column ``x`` of the modality, a ``size``, and a learnable ``kind``.

    Every fifth ``x`` is missing when `missing`.
    """
    rng = np.random.default_rng(7)
    cells = example_cells(modality, num_rows, seed=3)
    kinds = rng.integers(0, 2, num_rows)
    return [
        {
            "x": None if missing and row % 5 == 4 else cells[row],
            "size": round(float(kinds[row] * 2 + rng.normal()), 3),
            "kind": ("small", "large")[kinds[row]],
        }
        for row in range(num_rows)
    ]
