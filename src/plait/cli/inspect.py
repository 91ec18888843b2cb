"""plait inspect: what each column is, and what is wrong with it, before anything is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Columns, Json, Quiet, Seed, Strict
from plait.cli.show import emit, print_facts, print_table, text_of

EXAMPLE = "Example: plait inspect shop.csv --target category --schema-out shop.yaml"


def inspect(
    table: Annotated[str, typer.Argument(help="CSV, TSV, Parquet, JSON lines, Arrow or folder.")],
    target: Annotated[
        str | None, typer.Option(help="Column to predict: looks for what gives it away.")
    ] = None,
    columns: Columns = None,
    strict: Strict = False,
    out: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    schema_out: Annotated[Path | None, typer.Option(help="YAML schema to write.")] = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what each column is, and what is wrong with it.

    Looks for cells that are missing, duplicated or unreadable, and columns that leak the target.
    """
    from plait.recipes.inspect import inspect as run_inspect

    # Looking draws no random numbers; --seed is there because every verb has it.
    result = run_inspect(
        table, target=target, columns=columns, strict=strict, out=out, schema_out=schema_out
    )
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the columns as a table, then each other finding: lists of rows as tables too."""
    columns = result.get("columns")
    if isinstance(columns, dict):
        columns = [{"column": name, **facts} for name, facts in columns.items()]
    print_table("Columns", columns or [])
    rest = {name: value for name, value in result.items() if name != "columns"}
    for name, value in rest.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            print_table(name.replace("_", " ").capitalize(), value)
            rest = {key: item for key, item in rest.items() if key != name}
    print_facts({name: text_of(value) or "none" for name, value in rest.items()})
