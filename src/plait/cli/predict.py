"""plait predict: the target of new rows, with a confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Decision, Group, Reading, grouped, number, place, text, texts, whole
from plait.cli.options import BEAM, TEMPERATURE, Force, Json, Quiet, Seed, one_of
from plait.cli.show import emit, print_warnings, say_notes
from plait.errors import UsageError
from plait.words import split_list, split_named

EXAMPLE = """Examples:

plait predict shop.plait new.csv --out predictions.csv

plait predict load.plait history.csv --out next.csv     (a forecast: the steps that follow)

plait predict load.plait history.csv --anomalies odd.csv     (which of the steps are odd)

plait predict shelf.plait ratings.csv --top 5 --out next.csv     (what each takes next)

plait predict policy.plait steps.csv --return-to-go 500     (what to do at each step)

plait predict fish.plait new.csv --delta mine.delta     (with what plait learn learned)

plait predict base.plait new.csv --classes "boot,sandal,trainer"

plait predict base.plait new.csv --classes "footwear=boot|sandal,headgear=hat|cap\""""


def _classes(given: str | None) -> dict[str, list[str]] | tuple[str, ...]:
    """Return names, or where any is described, name -> its words."""
    if given is None:
        return ()
    classes = split_named(given)
    if all(words is None for _, words in classes):
        return tuple(name for name, _ in classes)
    return {n: [n] if words is None else split_list(words, "|") for n, words in classes}


def _zero_shot(given: dict[str, Any]) -> dict[str, Any]:
    return {"classes": _classes(given["classes"]), "templates": given["template"] or ()}


ZeroShot = Annotated[
    dict[str, Any],
    Group(
        {
            "classes": (
                text(
                    "Classes that nobody labelled, in words (zero-shot): 'boot,sandal', or "
                    "described: 'footwear=boot|sandal,headgear=hat|cap'."
                ),
                None,
            ),
            "template": (
                texts("Prompt for --classes with {} for the name; may be repeated."),
                None,
            ),
        },
        _zero_shot,
    ),
]
"""Classes that are asked for in words."""


def _making(given: dict[str, Any]) -> dict[str, Any]:
    if given["quantiles"] is None:
        return given
    try:
        levels = tuple(float(one) for one in split_list(given["quantiles"]))
    except ValueError:
        raise UsageError(
            "these are no quantiles", expected="0.1,0.5,0.9", received=given["quantiles"]
        ) from None
    return {**given, "quantiles": levels}


Making = Annotated[
    dict[str, Any],
    Group(
        {
            "temperature": (number(TEMPERATURE), None),
            "beam": (whole(BEAM), None),
            "top": (whole("Of what comes next: so many items for each [default: 10]."), None),
            "return_to_go": (
                number("Of a policy: the return to reach [default: a high one of training]."),
                None,
            ),
            "quantiles": (
                text("Of a forecast: quantiles of each step, 0.1,0.5,0.9 [default: 0.05,0.95]."),
                None,
            ),
            "anomalies": (
                place(
                    "Of a forecast: file to write beside, of how far each row of the table lies "
                    "from what came before it foresaw."
                ),
                None,
            ),
        },
        _making,
    ),
]
"""How values are made, and how many."""


Form = Annotated[
    str | None,
    typer.Option(
        callback=one_of("csv", "jsonl", "parquet", "coco", "voc", "yolo", "abc", "wav"),
        help="csv, jsonl or parquet, where the file's ending does not tell; of boxes also "
        "coco, or voc or yolo for a folder; of music abc, or wav for a folder.",
    ),
]


@grouped
def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    table: Annotated[str, typer.Argument(help="Table with the input columns.")],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write: .csv, .jsonl or .parquet, the rows with a prediction (.csv.gz "
            "packs them); - for standard output. Boxes go to .json (COCO), too."
        ),
    ] = Path("predictions.csv"),
    format: Form = None,
    delta: Annotated[
        Path | None, typer.Option(help="What plait learn learned beside the bundle.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="File of the key with which the delta must be signed.")
    ] = None,
    *,
    zero_shot: ZeroShot,
    force: Force = False,
    making: Making,
    decision: Decision,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict the target of new rows, with a confidence.

    Writes the rows with the columns prediction and confidence beside them. The confidence of a
    class is its probability; of a number, 1 is exact, 0.5 an interval as wide as training values';
    of a text, the chrF to expect, or where few texts recur the probability that it is right.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.predict import predict as run_predict

    if json and str(out) == "-":
        raise UsageError(
            "both --json and --out - write to standard output",
            expected="one of them",
            hint="name a file with --out predictions.csv",
        )
    with bars_on_terminal(quiet=quiet) as progress:
        result = run_predict(
            bundle,
            table,
            out=out,
            format=format,
            delta=delta,
            key=key,
            force=force,
            seed=seed,
            **making,
            **zero_shot,
            **decision,
            **reading,
            progress=progress,
        )
    print_warnings(result)
    say_notes(result)
    if str(out) != "-":
        emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print where the predictions are and which columns were added."""
    print(f"{result['rows']} rows -> {result['out']}")
    if result.get("columns"):
        print("columns: " + ", ".join(str(name) for name in result["columns"]))
    if result.get("anomalies"):
        beside = result["anomalies"]
        print(f"{beside['rows']} rows and how odd they are -> {beside['out']}")
    if result.get("unit"):
        print(f"unit of the prediction: {result['unit']}")
