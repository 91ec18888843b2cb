"""Tells which rows of a table a model learned from, where the table or its ids tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.data.table import Table
from plait.model.ensemble import Ensemble
from plait.model.kept_answers import id_hashes
from plait.model.model import Model
from plait.types import is_missing

NO_ROW = -1
"""Place of a row that the table of the fit has not."""

LEARNED_PARTS = ("train", "validation")
"""Parts of the splits that a model learned from, or was chosen by."""


def places_in_fit(model: Model, table: Table) -> np.ndarray | None:
    """Return the row number of each row in the table of the model's fit, int64 ``[row]``.

    That table is known again as it was; rows of others by the id column that the fit had, where
    the bundle keeps what it said.

    Args:
        model: Any.
        table: As it was read, not yet as the model reads it.

    Returns:
        -1 for rows of none; None where nothing tells.
    """
    learned = model.records.get("lineage", {}).get("table", {})
    if model.records.get("splits") and learned.get("key") == table.key:
        return np.arange(table.num_rows)
    kept = model.parts.answers if isinstance(model.parts, Ensemble) else None
    if kept is None or not len(kept.ids):
        return None
    ids = id_hashes(table, model.schema)
    if not len(ids):
        return None
    order = np.argsort(kept.ids, kind="stable")
    at = np.searchsorted(kept.ids[order], ids).clip(max=len(order) - 1)
    same = kept.ids[order[at]] == ids
    return np.where(same, order[at], NO_ROW).astype(np.int64)


def num_learned(model: Model, table: Table) -> int | None:
    """Return from how many rows of a table the model learned, or by how many it was chosen.

    Rows without the model's target do not count. None where nothing tells.

    Args:
        model, table: As of `places_in_fit`.
    """
    places = places_in_fit(model, table)
    if places is None:
        return None
    splits: Mapping[str, Any] = model.records.get("splits") or {}
    rows = np.array([row for part in LEARNED_PARTS for row in splits.get(part, ())], np.int64)
    known = np.flatnonzero(np.isin(places, rows))
    if model.target not in table.column_names:
        return len(known)
    return sum(not is_missing(cell) for cell in table.column(str(model.target), known))


def learned_said(num: int | None, num_rows: int) -> list[str]:
    """Return what to tell a person of scores of rows of which so many were learned from."""
    if not num:
        return []
    return [
        f"the model learned from, or was chosen by, {num:,} of these {num_rows:,} rows: the scores "
        "are too good for them, and only rows that it never saw tell how good it is"
    ]
