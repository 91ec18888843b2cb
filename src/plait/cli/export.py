"""plait export: a bundle that runs elsewhere, and says what the first one says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, TableIfAny, one_of
from plait.cli.show import emit, print_facts

EXAMPLE = "Example: plait export shop.plait shop.csv --to onnx --out shop-onnx.plait"


@grouped
def export(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    table: TableIfAny = None,
    to: Annotated[
        str,
        typer.Option(
            callback=one_of("onnx", "web"),
            help="onnx: a bundle of graphs, without torch. web: a page that runs in a browser.",
        ),
    ] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option(help="Bundle, or folder of a page, to write [exported.plait, page]."),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(help="Of a page: the npm package onnxruntime-web, a folder or archive."),
    ] = None,
    force: Force = False,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a bundle whose networks are ONNX graphs, or a page: it answers alike, without torch.

    Each graph is compared with its network, on the rows of a table or on rows that are made up,
    with each column missing too; one that says something else is refused.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.export import export as run_export

    with bars_on_terminal(quiet=quiet) as progress:
        result = run_export(
            bundle,
            table,
            to=to,
            out=out or Path("exported.plait" if to == "onnx" else "page"),
            runtime=runtime,
            seed=seed,
            force=force,
            progress=progress,
            **reading,
        )
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print where the bundle is, and what its graphs were compared on."""
    rows = "rows that were made up" if result["made_up"] else "rows of the table"
    before, page = result["mb_before"], result["to"] == "web"
    compared = {
        "compared on": f"{result['rows']} answers to {rows}",
        "largest difference": f"{result['difference']:.1e}",
        "answers alike": f"{result['agreement']:.2%}",
    }
    print_facts(
        {
            "page" if page else "bundle": result["out"],
            "graphs": result["graphs"],
            **(compared if result["rows"] else {}),
            "serve it with": f"python -m http.server -d {result['out']} -b 127.0.0.1"
            if page
            else None,
            "MB": f"{result['mb']:.2f}" + ("" if before is None else f" (before {before:.2f})"),
        }
    )
