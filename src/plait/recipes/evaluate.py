"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plait.data.table import Table, read
from plait.model.columns import missing_columns
from plait.model.model import load
from plait.model.unseen import count_unseen, unseen_note


def evaluate(
    bundle: Path | str,
    table: Table | Path | str,
    *,
    on_error: str | None = None,
    seed: int = 0,
    root: Path | str | None = None,
    strict: bool = False,
) -> dict[str, Any]:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    Among them are ``missing_columns`` (``{"column", "did_you_mean"}`` per input column that the
    table lacks), ``unseen_labels`` (``rows`` whose label training never saw, and which ``labels``)
    and ``notes`` for people. Arguments as of `plait.recipes.predict.predict`.

    Raises `BundleError`, `TableError`, `ColumnError`, `TargetError` or `CellError`.
    """
    rows = table if isinstance(table, Table) else read(table, root=root)
    model = load(bundle)
    found = model.evaluate(rows, on_error=on_error, seed=seed, strict=strict)
    found["missing_columns"] = missing_columns(model.inputs, rows.column_names)
    found["notes"] = [*found.get("notes", []), *model.notes_on(rows)]
    if model.target is not None:
        unseen = count_unseen(rows, model.target, model.target_codec)
        note = unseen_note(unseen, found["rows"], model.target_codec.task)
        found["unseen_labels"] = unseen
        found["notes"] += [note] if note else []
    return found
