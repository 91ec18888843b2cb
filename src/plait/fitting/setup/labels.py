"""The targets of a table: which rows have one, what they are, and the splits of those rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.data.splits import Splits
from plait.errors import TargetError
from plait.modalities import PredictiveTarget

CHUNK_ROWS = 65_536


def read_labels(
    prepared: Prepared, codecs: Mapping[str, Any], target: str | None, splits: Splits
) -> tuple[np.ndarray, np.ndarray, Splits, tuple[str, ...]]:
    """Return which rows have a target, all rows' targets, the splits of those, and what to say.

    Targets that are generated stay in `prepared`: none are returned.
    """
    if target is None:
        return np.zeros(prepared.num_rows, bool), np.zeros(0), splits, ()
    labelled = np.asarray(prepared.columns[target].present, bool)
    num = int((~labelled).sum())
    notes = (f"{num} rows have no target and take no part in the scores",) if num else ()
    splits = only_rows(splits, labelled)
    try:
        codecs[target].check_target(len(splits.train))
    except TargetError as error:
        raise error.at(column=target) from None
    predicted = isinstance(codecs[target], PredictiveTarget)
    return labelled, truth_of(prepared, target) if predicted else np.zeros(0), splits, notes


def truth_of(prepared: Prepared, target: str) -> np.ndarray:
    """Return the targets of all rows, read chunk by chunk; rows without one get a filler."""
    column = prepared.columns[target]
    codec: Any = column.codec
    filler = next((column[int(row)] for row in np.flatnonzero(column.present)[:1]), None)
    if filler is None:
        raise TargetError("no row has a target", column=target)
    chunks = []
    for first in range(0, prepared.num_rows, CHUNK_ROWS):
        rows = np.arange(first, min(first + CHUNK_ROWS, prepared.num_rows))
        chunks.append(codec.truth([value or filler for value in column.take(rows)]))
    return np.concatenate(chunks)


def only_rows(splits: Splits, kept: np.ndarray) -> Splits:
    """Return the splits without the rows that are not kept: bool ``[row]``."""
    parts = {name: getattr(splits, name) for name in ("train", "validation", "test")}
    return replace(splits, **{name: rows[kept[rows]] for name, rows in parts.items()})
