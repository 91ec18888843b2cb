"""Reads a column by a found encoder within a time: some rows first, then the whole table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from plait.backbones import Checkpoint, encode_column, encode_rows
from plait.backbones.frozen import kept_column, wanted_local
from plait.backbones.inputs import HeldInputs
from plait.data.prepared import PreparedColumn
from plait.data.table import Table
from plait.modalities import find_codec
from plait.modalities.vector.codec import VectorCodec
from plait.spacing import even_sample

if TYPE_CHECKING:
    from plait.backbones.network import Backbone

PROBED, WARMED, SURELY = 24, 4, 4.0
"""Rows that tell how long encoding one takes, after twice so many that warm the network up; where
these would take so many times the time that there is, no more are timed."""

PROBE_SHARE = 0.1
"""And none where timing more would take this part of it: long sounds and films."""

FASTEST_SECONDS = 2e-4
"""No encoder reads a value in less: large tables are left alone before anything is loaded."""

TOLERATED = 1.5
"""Encoding that takes more than so many times its time is given up."""


class TooSlow(Exception):
    """Encoding takes, or would take, more seconds than there are.

    Args:
        seconds: About how many.
        left: How many there are.
        least: Whether it takes at least so many, rather than about.
    """

    def __init__(self, seconds: float, left: float, *, least: bool = False) -> None:
        super().__init__(
            f"encoding the table takes {'at least' if least else 'about'} {seconds:,.0f} s, "
            f"{left:,.0f} s are its part"
        )
        self.seconds, self.left = seconds, left


class ColumnEncoder:
    """One column and one checkpoint: knows what is in the cache, and how long the rest takes.

    Args:
        table: The rows.
        input_column: The column.
        checkpoint: Opened for the column's modality.
        deadline: When the whole table must be encoded, of `time.monotonic`; None for no limit.
    """

    def __init__(
        self,
        table: Table,
        input_column: str,
        checkpoint: Checkpoint,
        *,
        deadline: float | None,
    ) -> None:
        self._table, self._input_column, self._checkpoint = table, input_column, checkpoint
        self.deadline = deadline
        self._codec = find_codec(checkpoint.modality)()
        self._num_local = wanted_local(table, input_column)
        self._network: Backbone | None = None

    def kept(self) -> PreparedColumn | None:
        """Return the whole column where an earlier fit encoded it."""
        return kept_column(
            self._table,
            self._input_column,
            self._codec,
            self._checkpoint,
            num_local=self._num_local,
        )

    def check_time(self, rows: np.ndarray) -> None:
        """Raise `TooSlow` where a few of the rows, which have a value, show that all take too long.

        Without a deadline nothing is timed.
        """
        if self.deadline is None or not len(rows):
            return
        least, left = FASTEST_SECONDS * len(rows), max(self.deadline - time.monotonic(), 0.0)
        if least > left:
            raise TooSlow(least, left, least=True)
        self._loaded()
        for turn, num in enumerate((WARMED, WARMED, PROBED)):
            some = even_sample(rows, num)
            began = time.monotonic()
            self._encoded(some)
            per_row = (time.monotonic() - began) / len(some)
            left = max(self.deadline - time.monotonic(), 0.0)
            is_last = turn == 2 or (turn == 1 and PROBED * per_row > PROBE_SHARE * left)
            if per_row * len(rows) > (left if is_last else SURELY * left):
                raise TooSlow(per_row * len(rows), left)
            if is_last:
                return

    def some(self, rows: np.ndarray) -> PreparedColumn:
        """Return the column with the vectors of some rows, in memory; all others are missing."""
        found = self._encoded(rows)
        values = {int(row): found[place] for place, row in enumerate(rows)}
        there = {row: value for row, value in values.items() if value is not None}
        vectors = cast(VectorCodec, found.codec)
        store = HeldInputs(vectors.layout, there, self._table.num_rows)
        return PreparedColumn(vectors, store)

    def whole(self, progress: Callable[[int], object]) -> PreparedColumn:
        """Return the column of all rows, and keep it in the cache. Raises `TooSlow`."""
        began, left = time.monotonic(), self._left()

        def update(done: int) -> None:
            progress(done)
            spent = time.monotonic() - began
            if left is not None and spent > TOLERATED * left and done < self._table.num_rows:
                raise TooSlow(spent / max(done, 1) * self._table.num_rows, left)

        return encode_column(
            self._table,
            self._input_column,
            self._codec,
            self._loaded(),
            progress=update,
        )

    def _left(self) -> float | None:
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def _encoded(self, rows: np.ndarray) -> Any:
        part = self._table.take(rows)
        return encode_rows(part, self._input_column, self._codec, self._loaded())

    def _loaded(self) -> Backbone:
        if self._network is None:
            self._network = self._checkpoint.network("frozen", num_local=self._num_local)
        return self._network
