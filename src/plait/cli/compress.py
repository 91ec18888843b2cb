"""plait compress: a small bundle within limits, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, one_of
from plait.cli.show import emit, print_facts, print_table
from plait.footprint import paid_back_line, shown

EXAMPLE = "Example: plait compress shop.plait shop.csv --max-loss 0.5% --max-mb 2 --max-ms 5"


@grouped
def compress(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    table: Annotated[str, typer.Argument(help="The table of its fit.")],
    max_loss: Annotated[
        str | None,
        typer.Option(help="Of the score that may be lost: 0.5% [default without limits]."),
    ] = None,
    max_mb: Annotated[float | None, typer.Option(help="Megabytes of the bundle.")] = None,
    max_ms: Annotated[float | None, typer.Option(help="Milliseconds of one row.")] = None,
    method: Annotated[
        str,
        typer.Option(
            callback=one_of("all", "distil", "prune", "quantize"),
            help="all, distil, prune (a distilled student) or quantize (nothing is trained).",
        ),
    ] = "all",
    network_alone: Annotated[
        bool,
        typer.Option("--network-alone", help="One network without simple models, as browsers run."),
    ] = False,
    size: Annotated[str, typer.Option(help="Of a student's network.")] = "tiny",
    budget: Annotated[str, typer.Option(help="Of all that learns.")] = "5m",
    unseen: Annotated[
        bool, typer.Option("--unseen", help="The bundle saw none of the rows of the table.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Bundle to write.")] = Path("small.plait"),
    force: Force = False,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a bundle small and quick, and tell what that costs.

    Students are distilled, pruned, and held in fewer bits; each variant is timed on this machine
    and scored, and the best one within the limits is written.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.compress import compress as run_compress

    with bars_on_terminal(quiet=quiet) as progress:
        model = run_compress(
            bundle,
            table,
            max_loss=max_loss,
            max_mb=max_mb,
            max_ms=max_ms,
            method=["distil", "prune"] if method == "prune" else method,
            network_alone=network_alone,
            size=size,
            budget=budget,
            unseen=unseen,
            out=out,
            seed=seed,
            force=force,
            progress=progress,
            **reading,
        )
    emit({"out": str(out), **model.records["compression"]}, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print every variant, which ships, and how that does on rows of the test."""
    rows = [
        {
            "variant": one["name"],
            "MB": round(one["mb"], 3),
            "ms a row": round(one["ms"], 2),
            "Wh of 1,000": shown(one["wh_per_1000"]),
            "score lost": f"{one['loss']:.2%}",
            "answers alike": f"{one['agreement']:.1%}",
            "": "ships" if one["chosen"] else one["dropped"],
        }
        for one in result["variants"]
    ]
    print_table("Variants", rows)
    test, chosen = result["test"], next(one for one in result["variants"] if one["chosen"])
    facts = {"bundle": result["out"], "ships": chosen["name"]}
    if test:
        low, high = test["interval"] or (None, None)
        facts |= {
            f"{test['metric']} on rows of the test": f"{test['student']:.4f}",
            "of what was compressed": f"{test['teacher']:.4f}",
            "difference": f"{test['gap']:+.4f}"
            + ("" if low is None else f" [{low:+.4f}, {high:+.4f}]"),
        }
    print_facts(facts)
    print(f"\n{paid_back_line(result['paid_back'])}")
