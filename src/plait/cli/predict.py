"""plait predict: the target of new rows, with a confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Force, Json, OnErrorKept, Quiet, Root, Seed, StrictColumns
from plait.cli.show import emit, print_warnings, say_notes

EXAMPLE = """Examples:

plait predict shop.plait new.csv --out predictions.csv

plait predict base.plait new.csv --classes "boot,sandal,trainer"

plait predict base.plait new.csv --classes "footwear=boot|sandal,headgear=hat|cap\""""


def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    table: Annotated[str, typer.Argument(help="Table with the input columns.")],
    out: Annotated[
        Path, typer.Option(help="File to write: .csv or .parquet, the rows with a prediction.")
    ] = Path("predictions.csv"),
    classes: Annotated[
        str | None,
        typer.Option(
            help="Classes that nobody labelled, in words (zero-shot): 'boot,sandal', or "
            "described: 'footwear=boot|sandal,headgear=hat|cap'."
        ),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(help="Prompt for --classes with {} for the name; may be repeated."),
    ] = None,
    on_error: OnErrorKept = None,
    root: Root = None,
    strict: StrictColumns = False,
    force: Force = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict the target of new rows, with a confidence.

    Writes the rows with the columns prediction and confidence beside them.
    """
    from plait.recipes.predict import predict as run_predict

    # Predicting draws no random numbers; --seed is there because every verb has it.
    result = run_predict(
        bundle,
        table,
        out=out,
        on_error=on_error,
        root=root,
        classes=_classes(classes),
        templates=template or (),
        strict=strict,
        force=force,
    )
    print_warnings(result)
    say_notes(result)
    emit(result, as_json=json, show=show)


def _classes(given: str | None) -> dict[str, list[str]] | tuple[str, ...]:
    """Return names, or where any is described, name -> its words."""
    names = tuple(name.strip() for name in given.split(",")) if given is not None else ()
    if not any("=" in name for name in names):
        return names
    pairs = [name.partition("=") for name in names]
    return {name.strip(): words.split("|") if sign else [name] for name, sign, words in pairs}


def show(result: dict[str, Any]) -> None:
    """Print where the predictions are and which columns were added."""
    print(f"{result['rows']} rows -> {result['out']}")
    print("columns: " + ", ".join(str(name) for name in result.get("columns") or []))
