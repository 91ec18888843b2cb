"""Inputs of a backbone held in memory: the cells of chosen rows, decoded once for many epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from plait.backbones.checkpoint import Checkpoint
from plait.data.collation import collate
from plait.data.decoding import Decoder
from plait.data.entries import PreparedColumn
from plait.data.ragged import axis_lengths
from plait.data.table import Table
from plait.modalities import Codec, find_codec
from plait.types import Arrays, ColumnBatch, Layout

CHUNK_ROWS = 256


@dataclass(frozen=True)
class InputLayout:
    """All that batches which are not augmented need of a codec."""

    layout: Layout


class HeldInputs:
    """Some rows' inputs, as the values of a `PreparedColumn`; all other rows are missing.

    Args:
        layout: Of a checkpoint's preparation.
        values: Row number -> input.
        num_rows: Rows of the table.
    """

    def __init__(self, layout: Layout, values: Mapping[int, Arrays], num_rows: int) -> None:
        self._layout, self._values, self.num_rows = layout, values, num_rows
        self.present = np.zeros(num_rows, bool)
        self.present[list(values)] = True
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}

    def row(self, row: int) -> Arrays | None:
        """Return a row's input; None when it has none."""
        return self._values.get(row)

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as a padded batch."""
        return collate([self.row(int(row)) for row in rows], self._layout)

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``: the product of ragged axes' lengths (1 where there are none)."""
        found = np.ones(self.num_rows, np.int64)
        for row, value in self._values.items():
            found[row] = np.prod([*axis_lengths(value, self._layout).values(), 1])
        return found


def hold_inputs(
    table: Table,
    column: str,
    checkpoint: Checkpoint,
    rows: np.ndarray,
    *,
    max_bytes: int,
    progress: Callable[[int], object] | None = None,
) -> PreparedColumn:
    """Decode rows in the order given until `max_bytes` are held; see which by its ``present``.

    Args:
        table: The rows.
        column: Of the checkpoint's modality.
        checkpoint: Its preparation makes the inputs.
        rows: Row numbers, the most wanted first. Unreadable cells count as missing: the pass that
            made the frozen vectors has raised or counted them.
        max_bytes: Of the inputs in memory.
        progress: Told how many rows are done.
    """
    codec, preparation = find_codec(checkpoint.modality)(), checkpoint.preparation
    values: dict[int, Arrays] = {}
    num_bytes = 0
    media, num_workers = table.media(), table.policy.num_workers
    with Decoder(codec, media, preparation.prepare, num_workers=num_workers) as decoder:
        for first in range(0, len(rows), CHUNK_ROWS):
            part = rows[first : first + CHUNK_ROWS]
            results = (r for some in decoder.decode(table.column(column, part)) for r in some)
            for row, result in zip(part, results, strict=True):
                if isinstance(result, dict) and num_bytes < max_bytes:
                    values[int(row)] = result
                    num_bytes += sum(array.nbytes for array in result.values())
            if num_bytes >= max_bytes:
                break
            if progress is not None:
                progress(first + len(part))
    store = HeldInputs(preparation.layout, values, table.num_rows)
    return PreparedColumn(cast(Codec, InputLayout(preparation.layout)), store)
