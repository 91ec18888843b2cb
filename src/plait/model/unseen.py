"""Labels of a table's target that training never saw: how many, and which."""

from __future__ import annotations

from collections import Counter
from typing import Any

from plait.data.decoding import read_cell
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import TargetCodec

MAX_NAMED = 20


def count_unseen(table: Table, column: str, codec: TargetCodec) -> dict[str, Any]:
    """Return ``rows`` that have a label fitting never saw, and ``labels``: label -> rows.

    The twenty most frequent labels are named. No row is counted of a target that is a number, or
    whose cell is empty or unreadable.

    Args:
        table: The rows.
        column: The target's.
        codec: As fitted.
    """
    unseen = getattr(codec, "unseen", None)
    if unseen is None:
        return {"rows": 0, "labels": {}}
    media, rows = table.media(), 0
    counts: Counter[str] = Counter()
    for _, cells in table.batches([column]):
        for cell in cells[column]:
            try:
                raw = read_cell(codec, cell, media)
            except CellError:
                continue
            found = () if raw is None else set(unseen(raw))
            rows += bool(found)
            counts.update(found)
    return {"rows": rows, "labels": dict(counts.most_common(MAX_NAMED))}


def unseen_note(found: dict[str, Any], num_rows: int, codec: TargetCodec) -> str | None:
    """Return what to tell a person of `count_unseen`, or None when every label is known."""
    if not found["rows"]:
        return None
    names = ", ".join(f"'{label}' ({rows})" for label, rows in list(found["labels"].items())[:5])
    more = ", ..." if len(found["labels"]) > 5 else ""
    return (
        f"{found['rows']:,} of {num_rows:,} rows have a label that training never saw: {names}"
        f"{more}; {getattr(codec, 'unseen_count', 'these are left out')}"
    )
