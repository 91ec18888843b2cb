"""Inspect: a table in, what each column is and what is wrong with it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.data.checks import inspect_table
from plait.data.table import Table, read
from plait.errors import UsageError
from plait.listening import heard, listened
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.inspect_page import picture
from plait.recipes.outputs import check_output
from plait.report import render_inspection
from plait.results import Findings
from plait.words import join_list, split_list
from plait.writing import write_text


@listened
def inspect(
    table: Any,
    *,
    target: str | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    page: Path | str | None = None,
    schema_out: Path | str | None = None,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> Findings:
    """Return what `plait.data.checks.inspect_table` found; write a page and a schema when asked.

    Args:
        table: A `Table`, or anything `plait.read` takes.
        target: Column to predict: looks for columns that give it away.
        group, time, split: Columns that a fit would split by, as for `plait.fit`: they are no
            inputs, so that nothing is said of what they tell of the target.
        page: HTML page to write.
        schema_out: YAML schema to write.
        force: Whether files at `page` and `schema_out` are replaced; never the table.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.
    """
    shown = None if page is None else check_output(page, table, force=force)
    written = None if schema_out is None else check_output(schema_out, table, force=force)
    update = heard(progress).task("inspecting", 1)
    table = read(table, **reading)
    _check_target(target, table)
    roles = {group: "group", time: "time", split: "split"}
    table = table.told(columns={name: role for name, role in roles.items() if name is not None})
    found = Findings(inspect_table(table, target=target).to_dict())
    if written is not None:
        write_text(written, table.schema.to_yaml())
    if shown is not None:
        write_text(shown, render_inspection(found, picture(table, found)))
    update(1)
    return found


def _check_target(target: str | None, table: Table) -> None:
    """Raise `UsageError` where several columns are named, as `fit` takes them together."""
    if target is None or target in table.column_names:
        return
    named = split_list(target)
    if len(named) > 1 and set(named) <= set(table.column_names):
        raise UsageError(
            "a table is inspected for one target at a time",
            expected="one of " + ", ".join(named),
            received=target,
            hint=f"--target {join_list(named[:1])}, then each of the others",
        )
