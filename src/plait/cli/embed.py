"""plait embed: a vector for every row, from whatever columns it has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Force, Json, Quiet, Seed, Weight, weights_of
from plait.cli.show import emit, print_warnings, say_notes

EXAMPLE = "Example: plait embed base.plait catalogue.csv --out vectors.parquet"


@grouped
def embed(
    bundle: Annotated[Path, typer.Argument(help="Bundle with a shared space.")],
    table: Annotated[str, typer.Argument(help="Table with any of the bundle's columns.")],
    out: Annotated[Path, typer.Option(help="Parquet file to write: ids and unit vectors.")] = Path(
        "vectors.parquet"
    ),
    weight: Weight = None,
    force: Force = False,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give every row a vector of the shared space, from whatever columns it has.

    Writes the columns id and vector; vectors have length 1, so that their dot product is a cosine.
    """
    from plait.progress import open_progress
    from plait.recipes.embed import embed as run_embed

    # Embedding draws no random numbers; --seed is there because every verb has it.
    with open_progress(quiet=quiet) as progress:
        result = run_embed(
            bundle,
            table,
            out=out,
            weights=weights_of(weight),
            force=force,
            progress=progress,
            **reading,
        )
    print_warnings(result)
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print where the vectors are, and how many rows have none."""
    print(f"{result['rows']} rows -> {result['out']} ({result['dim']} numbers each)")
    if result["empty"]:
        print(f"{result['empty']} rows have none of the bundle's columns: their vector is null")
