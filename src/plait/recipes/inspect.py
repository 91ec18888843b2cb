"""Inspect: a table in, what each column is and what is wrong with it out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.data.checks import inspect_table
from plait.data.table import Table, read
from plait.recipes.inspect_page import picture
from plait.report import render_inspection
from plait.writing import write_text


def inspect(
    table: Table | Path | str,
    *,
    target: str | None = None,
    columns: str | Mapping[str, str] | None = None,
    strict: bool = False,
    out: Path | str | None = None,
    schema_out: Path | str | None = None,
    root: Path | str | None = None,
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
    """
    if not isinstance(table, Table):
        table = read(table, columns=columns, strict=strict, root=root)
    found = inspect_table(table, target=target).to_dict()
    if schema_out is not None:
        write_text(schema_out, table.schema.to_yaml())
    if out is not None:
        write_text(out, render_inspection(found, picture(table, found)))
    return found
