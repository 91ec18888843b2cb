"""Inspect: a table in, what each column is and what is wrong with it out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.data.checks import inspect_table
from plait.data.schema import make_codec
from plait.data.table import Table, read
from plait.errors import CellError
from plait.recipes.outputs import check_output
from plait.report import render_inspection
from plait.types import is_missing
from plait.writing import write_text

NUM_EXAMPLES = 4


def inspect(
    table: Table | Path | str,
    *,
    target: str | None = None,
    columns: str | Mapping[str, str] | None = None,
    strict: bool = False,
    out: Path | str | None = None,
    schema_out: Path | str | None = None,
    root: Path | str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Return what `plait.data.checks.inspect_table` found; write a page and a schema when asked.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        target: Column to predict: looks for columns that give it away.
        columns: Modalities of columns, ``note=text,scan=image``.
        strict: Refuse ambiguous columns.
        out: HTML page to write.
        schema_out: YAML schema to write.
        root: Folder of the media.
        force: Whether files at `out` and `schema_out` are replaced; never the table.
    """
    page = None if out is None else check_output(out, table, force=force)
    written = None if schema_out is None else check_output(schema_out, table, force=force)
    if not isinstance(table, Table):
        table = read(table, columns=columns, strict=strict, root=root)
    found = inspect_table(table, target=target).to_dict()
    if written is not None:
        write_text(written, table.schema.to_yaml())
    if page is not None:
        write_text(page, render_inspection(found, _examples(table)))
    return found


def _examples(table: Table) -> dict[str, list[str]]:
    """Return a few rendered cells of each column."""
    media = table.media()
    rows = range(0, table.num_rows, max(1, table.num_rows // (4 * NUM_EXAMPLES)))
    shown: dict[str, list[str]] = {}
    for column in table.schema.values():
        codec = make_codec(column)
        for cell in table.column(column.name, list(rows)):
            if is_missing(cell):
                continue
            try:
                raw = codec.read(cell, media)
            except CellError:
                continue
            if raw is not None and len(shown.setdefault(column.name, [])) < NUM_EXAMPLES:
                shown[column.name].append(codec.show(raw))
    return shown
