"""plait whence: where a file is from, as far as it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Json
from plait.cli.show import emit, print_facts

EXAMPLE = "Example: plait whence red_car.png"

WORDS = {True: "yes", False: "no: these are not the bytes that were made", None: None}


def whence(
    file: Annotated[Path, typer.Argument(help="A picture, sound, film, tune or table.")],
    watermark_key: Annotated[
        Path | None,
        typer.Option(help="Look for a watermark by the key in this file, not plait's public one."),
    ] = None,
    json: Json = False,
) -> None:
    """Tell which bundle made a file, from what, under which seed.

    Read from the notice within it, or from the manifest beside it. Neither is signed. Of pictures
    the watermark that plait generate --watermark lays over them is looked for, too.
    """
    from plait.recipes.whence import whence as run_whence

    found = run_whence(file, watermark_key=watermark_key)
    emit(found, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print what is known, or that nothing is."""
    watermark = result.get("watermark")
    told = None
    if watermark and watermark["found"]:
        told = f"found; of unmarked pictures at most {watermark['p_value']:.0e} look so"
    if not result["found"]:
        print("no notice of plait: where this file is from is not known")
        print_facts({"watermark": told})
        return
    facts = {
        "made by": f"plait {result['version']}",
        "bundle": result["bundle"] or "one that was never saved",
        "target": result["target"],
        **{f"given {name}": text for name, text in result["conditions"].items()},
        "seed": result["seed"],
        "draw": result.get("draw"),
        **result["settings"],
        "rows": result.get("rows"),
        "found": result["where"],
        "unaltered": WORDS[result.get("unaltered")],
        "watermark": told,
    }
    print_facts(facts)
