"""Foresees what codecs will learn, so that one pass over the cells serves splits and training."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from plait.data.bad_cells import BadCells
from plait.data.building import column_meta
from plait.data.cache import cache_folder, new_entry
from plait.data.entries import column_key
from plait.data.fitting import fit_codecs
from plait.data.pieces import Making
from plait.data.ragged import ColumnWriter
from plait.data.table import Table
from plait.modalities import Codec, Fingerprint, traits_of_modality
from plait.spacing import evenly_spaced
from plait.types import Arrays

SAMPLE_SHARE, MOST_SAMPLED = 1 / 16, 128
"""Of the rows, that are looked at to foresee."""

LEAST_SAMPLED = 8


def foresee_codecs(table: Table, columns: Sequence[str]) -> dict[str, Codec]:
    """Return column name -> the codec that training rows will give, as far as that is clear.

    Near-duplicates are looked for before rows are split, and codecs are fitted after that, on
    training rows alone. Of pictures and videos, however, nearly any rows tell the same: what two
    halves of a sample agree on is foreseen. It is a guess that saves time where it is right; the
    codec of training rows is the one that counts.

    Args:
        table: The rows; unreadable cells are passed over.
        columns: Value columns that are fitted together, as by `fit_codecs`.
    """
    steady = [name for name in columns if traits_of_modality(table.schema[name].modality).steady]
    num = min(int(SAMPLE_SHARE * table.num_rows), MOST_SAMPLED)
    if not steady or num < LEAST_SAMPLED:
        return {}
    table = table.under(replace(table.policy, on_error="skip"))
    rows = evenly_spaced(table.num_rows, num)
    one, other = (fit_codecs(table, steady, rows[start::2]) for start in (0, 1))
    return {name: codec for name, codec in one.items() if codec == other[name]}


class PreparedBeside:
    """Prepares a column in the pass that takes its fingerprints. Use as a context manager.

    What it writes is the entry of the cache that `plait.data.prepared.prepare_table` looks for:
    whole, or not at all where the block ends by an error.

    Args:
        table, name: The column.
        codec: Fitted, and of a steady modality: see `plait.modalities.traits.Traits`.
        cache: Its root; None for the usual one.
    """

    def __init__(self, table: Table, name: str, codec: Codec, cache: Path | None) -> None:
        self._codec, self._stack = codec, ExitStack()
        self._entry = cache_folder("prepared", cache), column_key(table, name, codec)

    def __enter__(self) -> PreparedBeside:
        folder = self._stack.enter_context(new_entry(*self._entry))
        self._writer = self._stack.enter_context(ColumnWriter(folder, self._codec.layout))
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def making(self, codec: Codec) -> Making[tuple[Fingerprint | None, Arrays]]:
        """Return what is made of cells that an unfitted codec reads: fingerprint and arrays."""
        prepare = self._codec.prepare
        many: Any = getattr(codec, "fingerprints_of", None)

        def both(raw: Any) -> tuple[Fingerprint | None, Arrays]:
            return codec.fingerprint(raw), prepare(raw)

        def both_of(raws: list[Any]) -> list[tuple[Fingerprint | None, Arrays]]:
            return list(zip(many(raws), map(prepare, raws), strict=True))

        return Making(codec, both, None if many is None else both_of)

    def take(
        self, values: list[tuple[Fingerprint | None, Arrays] | None]
    ) -> list[Fingerprint | None]:
        """Write the arrays of the next rows, and return their fingerprints."""
        self._writer.append([None if value is None else value[1] for value in values])
        return [None if value is None else value[0] for value in values]

    def close(self, bad: BadCells) -> None:
        """Finish: all rows were taken."""
        self._writer.close(column_meta(self._codec, bad))
