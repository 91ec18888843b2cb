"""plait tune: the best settings of a fit, searched within a budget, and whether that paid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.failures import Stopped
from plait.cli.fit import default_bundle, process_began
from plait.cli.fit_groups import Choice, Network, Rows, Start
from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, TableOf
from plait.cli.show import emit, print_facts, print_table
from plait.footprint import shown

EXAMPLE = """Examples:

plait tune shop.csv --target category --budget 1h --out shop.plait --page tune.html

plait tune shop.csv --target category --budget 10m --simple     (simple models alone)

plait tune shop.csv --target category --budget 1h --metric macro_f1 --objectives score,ms"""

MOST_SHOWN = 12
"""Trials that are printed."""


Objectives = Annotated[
    str,
    typer.Option(
        help="The score, and what else makes the front: ms of a row, mb on disk, wh of 1,000 "
        "answers."
    ),
]


@grouped
def tune(
    table: TableOf,
    target: Annotated[str, typer.Option(help="Column to predict or generate.")],
    budget: Annotated[str, typer.Option(help="Of all: 1h, 10m; steps are of each fit.")] = "1h",
    trials: Annotated[
        int | None, typer.Option(help="Settings to try at most [default: what fits in].")
    ] = None,
    objectives: Objectives = "score,ms,mb,wh",
    out: Annotated[
        Path | None, typer.Option(help="Bundle to write [default: the table's name with .plait]")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Page to write (.html).")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from a tune to this bundle that was stopped.")
    ] = False,
    force: Force = False,
    *,
    network: Network,
    rows: Rows,
    choice: Choice,
    start: Start,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search the settings of a fit, and tell whether that paid.

    What is said is kept; the rest is searched, cheap trials first. What did best is judged on new
    folds beside a plain fit, which is kept where there is no clear gain.
    """
    from plait.progress import open_progress
    from plait.recipes.tune import so_far
    from plait.recipes.tune import tune as run_tune
    from plait.recipes.unfinished import has_checkpoint
    from plait.words import split_list

    place = out or default_bundle(table)
    with open_progress(quiet=quiet) as progress:
        try:
            model = run_tune(
                table,
                target=target,
                budget=budget,
                trials=trials,
                objectives=split_list(objectives),
                out=place,
                page=page,
                resume=resume,
                force=force,
                progress=progress,
                began=process_began(),
                seed=seed,
                device=device,
                **{**network, **rows, **choice, **start, **reading},
            )
        except KeyboardInterrupt:
            if has_checkpoint(place):
                raise Stopped(so_far(place)) from None
            raise
    told = {"bundle": str(place), "page": None if page is None else str(page)}
    emit(told | model.records["tuning"], as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the trials, the front, and what was kept and why."""
    rows = [_row(one) for one in result["trials"][:MOST_SHOWN]]
    title = "Trials, those that came furthest first; f: no other beats it in all objectives"
    print_table(title, rows)
    energy = result["energy"]
    left = len(result["trials"]) - MOST_SHOWN
    print_facts(
        {
            "kept": f"the {result['kept']} fit",
            "the search's best": result["settings"],
            "bundle": result["bundle"],
            "page": result["page"],
            "more trials": left if left > 0 else None,
            "energy": f"{shown(energy['wh'])} Wh, {shown(energy['gco2e'])} g CO2e; "
            f"{energy['method']}",
        }
    )
    print(f"\n{result['sentence']}")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    row = {"trial": one["trial"], "settings": one["settings"], "": "f" if one["front"] else ""}
    if one["why"]:
        return row | {"rung": "left out: " + one["why"]}
    name, value = next(iter(one["metrics"].items()))
    return row | {
        "rung": str(one["rung"] + 1),
        "cost": f"{one['cost']:.4f}",
        name: f"{value:.4f}",
        "ms a row": f"{one['ms']:.2f}",
        "MB": f"{one['mb']:.3f}",
        "Wh of 1,000": shown(one["wh"]),
    }
