"""plait generate: values of a model's target, made from what is given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Group, grouped, number, place, switch, text, texts
from plait.cli.options import Beam, Force, Json, Quiet, Seed, pairs_of
from plait.cli.show import emit, print_facts, print_table, say_notes, text_of

EXAMPLE = """Examples:

plait generate stickers.plait --text "red car" --n 16 --out red_car.png

plait generate stickers.plait --begin sketch.png --text "blue fish" --out fish.png

plait generate stickers.plait --text "red car" --n 30 --walk --out morph.gif

plait generate moving.plait --begin cat.png --class grows --out cat.gif

plait generate stickers.plait --text "red car" --n 4 --out cars.png --watermark

plait generate names.plait --image boot.png --n 3

plait generate drugs.plait --number solubility=-1.0 --n 1000 --out molecules.csv

plait generate people.plait --given "income=>50K" --n 1000 --out made.csv     (whole rows)"""

ANY = "Value of any column or modality: --given size=42; may be repeated."


def _given(said: dict[str, Any]) -> dict[str, str]:
    number = said.pop("number")
    pairs = pairs_of([*(said.pop("given") or ()), *([number] if number else ())])
    return {name: cell for name, cell in {**said, **pairs}.items() if cell is not None}


Known = Annotated[
    dict[str, str],
    Group(
        {
            "text": (text("Words that it is to follow."), None),
            "image": (text("A picture that it is to follow."), None),
            "audio": (text("A sound that it is to follow."), None),
            "video": (text("A film that it is to follow."), None),
            "category": (
                Annotated[str | None, typer.Option("--class", help="A class that it is to be of.")],
                None,
            ),
            "number": (text("A number that it is to have: --number solubility=-1."), None),
            "given": (texts(ANY), None),
        },
        _given,
    ),
]
"""What values are made from: cells by column or modality."""


Drawn = Annotated[
    dict[str, Any],
    Group(
        {
            "steps": (
                Annotated[
                    int | None,
                    typer.Option(help="From noise to a picture [default: the target's own]."),
                ],
                None,
            ),
            "guidance": (
                number("How far what is given is heeded: 1 as learned [default: as is best]."),
                None,
            ),
            "begin": (
                text("A sketch or opening to begin at; of a clip a picture is its first frame."),
                None,
            ),
            "strength": (
                number("How much of it is made anew, to 1 [default: .6; with a mask 1]."),
                None,
            ),
            "mask": (text("White where what is begun at is made anew; else it stays."), None),
            "walk": (
                Annotated[
                    bool,
                    typer.Option(
                        "--walk", help="Lead from one draw to the next and back: --out x.gif."
                    ),
                ],
                False,
            ),
            "distinct": (
                Annotated[
                    bool | None,
                    typer.Option(
                        "--distinct/--repeats",
                        help="Whether what was drawn before is drawn anew [default: so of "
                        "molecules and tunes].",
                    ),
                ],
                None,
            ),
            "judge": (
                Annotated[
                    Path | None,
                    typer.Option(
                        help="Bundle that foretells what is asked: of three draws it keeps one."
                    ),
                ],
                None,
            ),
        }
    ),
]
"""How values are drawn, where the target heeds it."""


def _watermark(said: dict[str, Any]) -> dict[str, Any]:
    return {"watermark": said["watermark_key"] or said["watermark"]}


Mark = Annotated[
    dict[str, Any],
    Group(
        {
            "watermark": (
                switch(
                    "--watermark", "Mark pictures so that it is not seen: plait whence finds it."
                ),
                False,
            ),
            "watermark_key": (
                place("The same by the key in this file, not plait's public one."),
                None,
            ),
        },
        _watermark,
    ),
]
"""Whether pictures are marked, and by which key."""


@grouped
def generate(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    *,
    known: Known,
    n: Annotated[int, typer.Option("--n", "-n", help="So many are made.")] = 1,
    target: Annotated[str | None, typer.Option(help="Which target, of a model of several.")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="0 takes what is likeliest, 1 draws as often as it was learned [default: 1]."
        ),
    ] = None,
    beam: Beam = None,
    drawn: Drawn,
    out: Annotated[
        Path | None,
        typer.Option(
            help=".csv, .jsonl or .parquet: a row each; else a file of the target's own kind, such "
            "as .png: of several a sheet."
        ),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="A file for each: made_00.png, ...")] = False,
    mark: Mark,
    force: Force = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make texts, pictures or whatever the target is, from what is given or from nothing.

    The same seed makes the same files. Each carries a notice of where it is from: plait whence.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.generate import generate as run_generate

    with bars_on_terminal(quiet=quiet) as progress:
        made = run_generate(
            bundle,
            given=known,
            n=n,
            target=target,
            temperature=temperature,
            seed=seed,
            beam=beam,
            **drawn,
            out=out,
            each=each,
            **mark,
            force=force,
            progress=progress,
        )
    result = made if out is not None else {"made": made.to_dicts()}
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print what was made, a line each, or where it was written."""
    made = result.get("made", ())
    for row in made:
        if "prediction" in row:
            print(text_of(row["prediction"]))
    if made and "prediction" not in made[0]:
        print_table("", made)
    files, watermark = result.get("files") or (), result.get("watermark")
    print_facts(
        {
            "out": result.get("out"),
            "files": len(files) if len(files) > 1 else None,
            "manifest": result.get("manifest"),
            "watermark": watermark and f"{watermark['psnr']:.1f} dB, SSIM {watermark['ssim']:.3f}",
        }
    )
    say_notes(result)
