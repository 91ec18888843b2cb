"""plait inspect: what each column is, and what is wrong with it, before anything is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, TableOf
from plait.cli.show import emit, print_facts, print_lines, print_table

EXAMPLE = "Example: plait inspect shop.csv --target category --schema-out shop.yaml"


@grouped
def inspect(
    table: TableOf,
    target: Annotated[
        str | None, typer.Option(help="Column to predict: looks for what gives it away.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column whose equal values belong together (patient).")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column of times to split by.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Column that says train, validation or test.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    schema_out: Annotated[Path | None, typer.Option(help="YAML schema to write.")] = None,
    force: Force = False,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what each column is, and what is wrong with it.

    Looks for cells that are missing, duplicated or unreadable, and columns that leak the target.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.inspect import inspect as run_inspect

    # Looking draws no random numbers; --seed is there because every verb has it.
    with bars_on_terminal(quiet=quiet) as progress:
        result = run_inspect(
            table,
            target=target,
            group=group,
            time=time,
            split=split,
            page=page,
            schema_out=schema_out,
            force=force,
            **reading,
            progress=progress,
        )
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the columns, then what is wrong: duplicates, leaks, rare classes, warnings."""
    facts = {"table": result.get("name"), "rows": result.get("num_rows")}
    print_facts(facts | {"target": result.get("target")})
    columns = result.get("columns") or []
    print_table("Columns", [_column(column, result.get("target")) for column in columns])
    readings = [{"column": c["name"], **_reading(c)} for c in columns if c.get("reading")]
    print_table("How cells are read", readings)
    print_table("Near-duplicates", [_alike(fact) for fact in result.get("duplicates") or []])
    for first, second in result.get("identical_columns") or []:
        print(f"identical columns: {first}, {second}")
    print_table("Columns that may give the target away", result.get("leaks") or [])
    counts = result.get("class_counts") or {}
    print_table("Classes", [{"class": name, "rows": count} for name, count in counts.items()])
    print_lines("note", result.get("notes") or [])
    print_lines("warning", result.get("warnings") or [])


def _reading(column: dict[str, Any]) -> dict[str, Any]:
    """Return what is in a column's cells beside plain values, in a few words each."""
    facts = column["reading"]
    sign = facts.get("decimal")
    words = {**facts.get("below_words", {}), **facts.get("above_words", {})}
    num_words = {kind: sum(facts.get(f"{kind}_words", {}).values()) for kind in ("below", "above")}
    limits = {
        "<": facts.get("num_below", 0) - num_words["below"],
        ">": facts.get("num_above", 0) - num_words["above"],
        "~": facts.get("num_about"),
        **words,
    }
    return {
        "unit or order": _counted(facts.get("units", {})) or facts.get("order"),
        "decimal": sign and f"{sign}  thousands {facts['thousands']}".removesuffix("  thousands "),
        "limits": _counted(limits),
        "nothing": _counted(facts.get("null_words", {})),
        "from": facts.get("first"),
        "to": facts.get("last"),
        "strange": _counted(facts.get("strange", {})),
    }


def _alike(fact: dict[str, Any]) -> dict[str, Any]:
    """Return what is alike in a column, in words."""
    return {
        "alike in": "all columns" if fact["column"] == "*" else fact["column"],
        "rows": fact["num_rows"],
        "groups": fact["num_groups"],
        "groups whose targets differ": fact.get("num_conflicting"),
        "rows of the first group": fact["rows"],
    }


def _counted(words: dict[str, Any]) -> str:
    return ", ".join(f"{word} {count}x" for word, count in words.items() if count)


def _column(column: dict[str, Any], target: str | None) -> dict[str, Any]:
    missing = column.get("share_missing")
    return {
        "column": column.get("name"),
        "is": column.get("modality") or column.get("role"),
        "role": "target" if column.get("name") == target else column.get("role"),
        "missing": None if missing is None else f"{missing:.1%}",
        "distinct": column.get("num_distinct"),
        "unreadable": column.get("num_unreadable"),
        "because": column.get("why"),
    }
