"""Writes what follows rows in time, and beside it how far the rows lie from what was foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plait.answer import Answer
from plait.data.table import Table
from plait.errors import UsageError
from plait.recipes.outputs import check_output
from plait.recipes.row_files import (
    PACKINGS,
    STDOUT,
    RowWriter,
    format_of,
    formulas_said,
    num_formulas,
    writing_to,
)


def check_in_time(classes: Sequence[str] | Mapping[str, Sequence[str]]) -> None:
    """Raise `UsageError` where classes are asked of rows in time."""
    if classes:
        raise UsageError("what follows rows in time is no class", expected="no classes")


def check_beside(
    anomalies: Path | str | None, out: Path | None, table: Any, bundle: Any, *, force: bool
) -> Path | None:
    """Return the file of anomalies, where there is one; nothing is written yet.

    Raises `UsageError` where it is no file of rows, is taken, or is `out`.
    """
    if anomalies is None:
        return None
    path = Path(anomalies)
    if str(path) == STDOUT:
        raise UsageError("anomalies go to a file", expected="a path", received=STDOUT)
    format_of(path, None)
    place = check_output(path, table, bundle, force=force)
    if out is not None and out.expanduser().resolve() == place:
        raise UsageError(
            "predictions and anomalies would be one file", expected="two paths", path=path
        )
    return path


def write_in_time(
    answer: Answer,
    rows: Table,
    out: Path | None,
    form: str,
    beside: Answer | None,
    anomalies: Path | None,
) -> Any:
    """Write what follows rows in time, and anomalies; return as `plait.predict` does.

    Args:
        answer: A row per step or item.
        rows: The table.
        out: File of the answer; None returns it as it is.
        form: Of `out`.
        beside: The anomalies, where they are asked.
        anomalies: File of these.
    """
    odd: dict[str, Any] = {}
    if beside is not None and anomalies is not None:
        odd = _written(beside, anomalies, format_of(anomalies, None))
        odd["notes"] += beside.notes
    if out is None:
        return answer
    found = _written(answer, out, form)
    notes = [*(answer.notes or rows.notes), *found.pop("notes")]
    notes += [one for one in odd.get("notes", []) if one not in notes]
    extra = {"anomalies": odd} if odd else {}
    return {**found, **extra, "missing_columns": [], "notes": notes, "warnings": []}


def _written(answer: Answer, out: Path, form: str) -> dict[str, Any]:
    """Write an answer's rows; return ``rows``, ``out``, ``columns``, and ``notes`` on formulas."""
    found = answer.to_arrow()
    packing = PACKINGS.get(out.suffix.lower())
    with writing_to(out) as temporary, RowWriter(temporary, form, packing) as writer:
        writer.write(found)
    formulas = formulas_said(num_formulas(answer.columns, form))
    return {
        "rows": found.num_rows,
        "out": str(out),
        "columns": found.column_names,
        "notes": formulas,
    }
