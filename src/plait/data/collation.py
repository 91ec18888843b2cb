"""Stacks prepared values into a padded batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.data.ragged import axis_lengths, ragged_axes, stack_padded
from plait.types import Arrays, ColumnBatch, Layout


def collate(values: Sequence[Arrays | None], layout: Layout) -> ColumnBatch:
    """Return one column's batch (numpy): padded with zeros, missing rows all zeros.

    Args:
        values: Prepared values, None where missing.
        layout: Their codec's.

    Returns:
        Parts ``[batch, *shape]``, ragged axes as long as the longest value (at least 1);
        lengths int64 ``[batch]`` by axis, at least 1; present bool ``[batch]``.

    Raises:
        SchemaError: When a value breaks the layout.
    """
    lengths = {axis: np.ones(len(values), np.int64) for axis in ragged_axes(layout)}
    for row, value in enumerate(values):
        if value is not None:
            for axis, length in axis_lengths(value, layout).items():
                lengths[axis][row] = max(length, 1)
    present = np.array([value is not None for value in values], bool)
    return ColumnBatch(stack_padded(values, layout, lengths), lengths, present)
