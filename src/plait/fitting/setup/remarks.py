"""Remarks on values: how many of a column are unlike most, cut off, or of labels never learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.modalities import Codec, TargetCodec
from plait.model.unseen import count_unseen, unseen_note
from plait.spacing import even_sample

MOST_LOOKED_AT, CHUNK_ROWS = 2000, 256
"""Rows of a column, evenly spread: at most so many are looked at, and so many at once."""

MOST_UNSEEN = 10_000
"""Rows that are set aside, which are looked through for labels that training never saw."""


def remarks_on_values(
    codecs: Mapping[str, Codec], prepared: Prepared, target: str | None, *, simple: bool
) -> tuple[str, ...]:
    """Return what to say of columns some of whose values are unlike most.

    By each value's ``remarks``, and by what a codec learned of all (``remarks_on_all``), where it
    has these members.

    Args:
        codecs: Of the columns, those of inputs and of the target.
        prepared: Their values.
        target: Its name.
        simple: Whether no network will read them.
    """
    found = list[str]()
    for name, codec in codecs.items():
        found += [f"column '{name}': {one}" for one in getattr(codec, "remarks_on_all", ())]
        remarks: Any = getattr(codec, "remarks", None)
        column = prepared.columns.get(name)
        if remarks is None or column is None:
            continue
        rows = even_sample(np.flatnonzero(column.present), MOST_LOOKED_AT)
        counts: Counter[str] = Counter()
        for first in range(0, len(rows), CHUNK_ROWS):
            for arrays in column.take(rows[first : first + CHUNK_ROWS]):
                counts.update(remarks(arrays, target=name == target, simple=simple))
        found += [
            f"{num:,} of {len(rows):,} values of '{name}' {text}"
            for text, num in counts.items()
            if num <= len(rows) / 2
        ]
    return tuple(found)


def unseen_in_test(
    table: Table, target: str, codec: TargetCodec, rows: np.ndarray
) -> tuple[str, ...]:
    """Return what to say of labels that only the rows set aside have.

    Args:
        table: All rows.
        target: Name of the target.
        codec: As fitted.
        rows: Those that the model is judged by.
    """
    if getattr(codec, "unseen", None) is None:
        return ()
    some = rows[:MOST_UNSEEN]
    note = unseen_note(count_unseen(table.take(some), target, codec), len(some), codec)
    return () if note is None else (f"of those that judge, {note}",)
