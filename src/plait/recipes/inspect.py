"""Inspect: a table in, what each column is and what is wrong with it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.data.checks import inspect_table
from plait.data.table import read
from plait.reading import ReadOptions
from plait.recipes.inspect_page import picture
from plait.report import render_inspection
from plait.results import Findings
from plait.writing import write_text


def inspect(
    table: Any,
    *,
    target: str | None = None,
    group: str | None = None,
    out: Path | str | None = None,
    schema_out: Path | str | None = None,
    **reading: Unpack[ReadOptions],
) -> Findings:
    """Return what `plait.data.checks.inspect_table` found; write a page and a schema when asked.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        target: Column to predict: looks for columns that give it away.
        group: Column whose equal values belong together.
        out: HTML page to write.
        schema_out: YAML schema to write.
        reading: How the table is read: the arguments of `plait.read`.
    """
    table = read(table, **reading)
    if group is not None:
        table = table.told(columns={group: "group"})
    how = table.on_error or "skip"
    found = Findings(inspect_table(table, target=target, on_error=how).to_dict())
    if schema_out is not None:
        write_text(schema_out, table.schema.to_yaml())
    if out is not None:
        write_text(out, render_inspection(found, picture(table, found)))
    return found
