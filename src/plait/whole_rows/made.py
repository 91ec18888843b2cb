"""Rows made whole: from what is given, by a drawer, to values that can be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.types import Cell
from plait.whole_rows.columns import CodedColumn, sizes_of, spans_of
from plait.whole_rows.drawing import RowDrawer

CHUNK_ROWS = 512


@dataclass(frozen=True, kw_only=True)
class RowMaker:
    """What draws whole rows of a table.

    Attributes:
        columns: Of the table, in its order.
        drawer: Of their codes.
    """

    columns: Mapping[str, CodedColumn]
    drawer: RowDrawer

    def encode(self, raws: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return codes of rows, int64 ``[row, variable]``, of what the columns' codecs read."""
        return encode(self.columns, raws)

    def make(
        self, given: Mapping[str, Any], draws: Sequence[int], *, seed: int, temperature: float
    ) -> dict[str, list[Any]]:
        """Return column -> a value for each draw; what is given is in every row as it is.

        Args:
            given: Column -> what its codec read; None for a cell that is to be missing.
            draws: Numbers of the rows: each is the same whatever others are made with it.
            seed: Of the draws.
            temperature: As of `RowDrawer.draw`.
        """
        spans, num = spans_of(self.columns), len(sizes_of(self.columns))
        one, known = np.zeros(num, np.int64), np.zeros(num, bool)
        for name, raw in given.items():
            one[spans[name]] = self.columns[name].encode([raw])[0]
            known[spans[name]] = True
        found: dict[str, list[Any]] = {name: [] for name in self.columns}
        for first in range(0, len(draws), CHUNK_ROWS):
            some = draws[first : first + CHUNK_ROWS]
            random = [np.random.default_rng([seed, draw]) for draw in some]
            places = np.array([rng.random(num + len(self.columns)) for rng in random])
            shape = (len(some), num)
            codes = self.drawer.draw(
                np.broadcast_to(one, shape).copy(),
                np.broadcast_to(known, shape).copy(),
                places[:, :num],
                temperature,
            )
            for number, (name, column) in enumerate(self.columns.items()):
                made = column.decode(codes[:, spans[name]], places[:, num + number])
                found[name] += [given[name]] * len(some) if name in given else made
        return found

    def write(self, raws: Mapping[str, Sequence[Any]]) -> dict[str, list[Cell]]:
        """Return values as cells of the table hold them."""
        return {name: column.write(raws[name]) for name, column in self.columns.items()}

    def log_likelihood(self, raws: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return the log-likelihood of the codes of rows, in nats, float64 ``[row]``."""
        return self.drawer.log_likelihood(self.encode(raws))


def encode(columns: Mapping[str, CodedColumn], raws: Mapping[str, Sequence[Any]]) -> np.ndarray:
    """Return codes of rows, int64 ``[row, variable]``."""
    return np.concatenate([column.encode(raws[name]) for name, column in columns.items()], axis=1)
