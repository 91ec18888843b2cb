"""plait report: one self-contained page about a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plait.cli.options import Force, Json, Open, Quiet, Seed
from plait.cli.show import emit, open_page

EXAMPLE = "Example: plait report shop.plait --out shop.html"


def report(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="Page to write [default: shop.html beside shop.plait]")
    ] = None,
    force: Force = False,
    open: Open = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one HTML page about a bundle.

    Scores, pictures, sounds and plots in one file that needs no network.
    """
    from plait.recipes.report import write_report

    page = Path(write_report(bundle, out=out, force=force))
    opened = open_page(page) if open else False
    emit({"report": str(page), "opened": opened}, as_json=json, show=lambda r: print(r["report"]))
