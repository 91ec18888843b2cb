"""plait export: a bundle that runs elsewhere, and says what the first one says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, TableIfAny, one_of
from plait.cli.show import emit, print_facts, say_notes

EXAMPLE = """Examples:\n\nplait export shop.plait shop.csv --to onnx --out shop-onnx.plait\n\n
plait export shop.plait shop.csv --to openvino --out shop-openvino.plait\n\n
plait export shop.plait shop.csv --to executorch --out shop-executorch.plait\n\n
plait export shop.plait --to web --out page\n\n
plait export shop.plait --to sklearn --out shop-sklearn"""

PLACES = {"web": "page", "sklearn": "sklearn"}
"""What a bundle is written for -> where, if nothing is said; all else is a bundle."""


@grouped
def export(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    table: TableIfAny = None,
    to: Annotated[
        str,
        typer.Option(
            callback=one_of("onnx", "openvino", "executorch", "web", "sklearn"),
            help="onnx, openvino: a bundle whose mix is one graph, without torch. executorch: a "
            "bundle whose networks are programs for phones and boards. web: a page that runs in a "
            "browser. sklearn: a folder with a fitted estimator.",
        ),
    ] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option(help="Bundle, or folder, to write [exported.plait, page, sklearn]."),
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
    """Write a bundle that is one graph, or programs, a page, or an estimator: it answers alike.

    A graph is compared with what it was made of, on the rows of a table or on rows that are made
    up, with each column missing too; one that says something else is refused. A row is timed.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.export import export as run_export

    with bars_on_terminal(quiet=quiet) as progress:
        result = run_export(
            bundle,
            table,
            to=to,
            out=out or Path(PLACES.get(to, "exported.plait")),
            runtime=runtime,
            seed=seed,
            force=force,
            progress=progress,
            **reading,
        )
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print where the bundle is, and what its graphs were compared on."""
    rows = "rows that were made up" if result["made_up"] else "rows of the table"
    before, to, out = result["mb_before"], result["to"], result["out"]
    ms, ms_before = result["ms"], result["ms_before"]
    compared = {
        "compared on": f"{result['rows']} answers to {rows}",
        "largest difference": f"{result['difference']:.1e}",
        "answers alike": f"{result['agreement']:.2%}",
    }
    print_facts(
        {
            {"web": "page", "sklearn": "folder"}.get(to, "bundle"): out,
            "graphs": "1, of the whole mix" if result["whole"] else result["graphs"] or None,
            **(compared if result["rows"] else {}),
            "ms of a row": None if ms is None else f"{ms:.2f} (before {ms_before:.2f})",
            "serve it with": f"python -m http.server -d {out} -b 127.0.0.1"
            if to == "web"
            else None,
            "use it with": f"python {out}/use.py" if to == "sklearn" else None,
            "MB": f"{result['mb']:.2f}" + ("" if before is None else f" (before {before:.2f})"),
        }
    )
