"""plait scale: what pays next: more rows, a larger network, another column."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, TableOf
from plait.cli.show import emit, print_facts, print_table, say_notes

EXAMPLE = "Example: plait scale shop.csv --target category --budget 10m --out scale.html"


@grouped
def scale(
    table: TableOf,
    target: Annotated[str, typer.Option(help="Column to predict.")],
    budget: Annotated[str, typer.Option(help="Of all runs: 10m, 200 steps each.")] = "10m",
    group: Annotated[
        str | None, typer.Option(help="Rows with one value here stay together (patient).")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Rows that are latest by this column judge.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Column that says train, validation, test or out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Page to write (.html).")] = None,
    force: Force = False,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell what pays next: more rows with a target, a larger network, another column.

    Small networks of three sizes learn from parts of the rows; a law of how their loss falls is
    fitted, and must foretell the largest run, which it did not see.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.scale import scale as run_scale

    with bars_on_terminal(quiet=quiet) as progress:
        result = run_scale(
            table,
            target=target,
            budget=budget,
            group=group,
            time=time,
            split=split,
            out=out,
            seed=seed,
            force=force,
            progress=progress,
            **reading,
        )
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the runs, what was foretold, and the advice."""
    print_table("Runs", [_run(run) for run in result["runs"]])
    print_table("What pays next", [_option(one) for one in result["options"]])
    told = result["foretold"]
    low, high = told["interval"]
    print_facts(
        {
            "foretold of the largest run": f"{told['loss']:.4f} [{low:.4f}, {high:.4f}]",
            "measured": f"{told['measured']:.4f}",
            "page": result.get("out"),
        }
    )
    print(f"\n{result['advice']}")


def _run(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "loss": round(run["loss"], 4)}


def _option(one: dict[str, Any]) -> dict[str, Any]:
    ends = one["interval"]
    interval = "" if ends is None else f"{ends[0]:.1%} to {ends[1]:.1%}"
    return {
        "what": one["what"],
        "loss falls by": f"{one['gain']:.1%}",
        "95 % interval": interval,
        "price": one["price"],
    }
