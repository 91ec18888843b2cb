"""Runs a space over many rows: a vector per input column and row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from plait.data.prepared import Prepared
from plait.networks.runner import PRESENT, VECTORS, Runner, flat


def row_vectors(
    runner: Runner,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    shape: tuple[int, int],
    batch_size: int = 256,
    progress: Callable[[int], object] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors float32 ``[input, row, dim]`` and bool ``[input, row]``: who has it.

    Rows without an input column hold zeros there.

    Args:
        runner: Of a shared space, of all input columns or of some.
        prepared: Where the rows' arrays are.
        rows: Row numbers.
        shape: How many input columns, and numbers per vector.
        batch_size: Rows at a time.
        progress: Told how many rows are done.
    """
    rows = np.asarray(rows, np.int64)
    num_input_columns, dim = shape
    vectors = np.zeros((num_input_columns, len(rows), dim), np.float32)
    present = np.zeros((num_input_columns, len(rows)), bool)
    for first in range(0, len(rows), batch_size):
        places = slice(first, min(first + batch_size, len(rows)))
        batch = {name: prepared.columns[name].gather(rows[places]) for name in runner.columns}
        found = runner(flat(batch))
        there = found[PRESENT]
        vectors[:, places], present[:, places] = found[VECTORS] * there[..., None], there
        if progress is not None:
            progress(places.stop)
    return vectors, present
