"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.data.table import read
from plait.model.columns import missing_columns
from plait.model.model import load
from plait.model.unseen import count_unseen, unseen_note
from plait.reading import ReadOptions


def evaluate(
    bundle: Path | str,
    table: Any,
    *,
    seed: int = 0,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    Among them are ``missing_columns`` (``{"column", "did_you_mean"}`` per input column that the
    table lacks), ``unseen_labels`` (``rows`` whose label training never saw, and which ``labels``)
    and ``notes`` for people. How the table is read are the arguments of `plait.read`.

    Raises `BundleError`, `TableError`, `ColumnError`, `TargetError` or `CellError`.
    """
    rows = read(table, **reading)
    model = load(bundle)
    found = model.evaluate(rows, seed=seed)
    found["missing_columns"] = missing_columns(model.inputs, rows.column_names)
    found["notes"] = [*found.get("notes", []), *rows.notes, *model.notes_on(rows)]
    if model.target is not None:
        unseen = count_unseen(rows, model.target, model.target_codec)
        note = unseen_note(unseen, found["rows"], model.target_codec.task)
        found["unseen_labels"] = unseen
        found["notes"] += [note] if note else []
    return found
