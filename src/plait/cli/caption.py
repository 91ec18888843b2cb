"""plait caption: a sound or film in, subtitles out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Beam, Force, Json, Quiet, Seed, Temperature, one_of, pairs_of
from plait.cli.show import emit, print_facts

EXAMPLE = """Examples:

plait caption clips.plait holiday.mp4 --out holiday.srt

plait caption words.plait talk.wav     (prints what is said, and when)

plait caption photos.plait photos/ --out captions.csv"""


def caption(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    medium: Annotated[Path, typer.Argument(help="A sound or film, or a folder of media.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help=".srt or .vtt; of a folder .csv, .jsonl or .parquet.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(help="Value of any other column: --given speaker=anna; may be repeated."),
    ] = None,
    cut: Annotated[
        str | None,
        typer.Option(
            callback=one_of("speech", "scenes"),
            help="speech or scenes; by default what the model sees decides.",
        ),
    ] = None,
    longest: Annotated[float, typer.Option(help="Most seconds of a piece.")] = 7.0,
    temperature: Temperature = None,
    beam: Beam = None,
    force: Force = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what is heard or seen, piece by piece, as subtitles with times.

    A sound is cut where nobody speaks, a film that the model sees where its scene changes. Of a
    folder of pictures, sounds or films, each file gets a caption.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.caption import caption as run_caption

    with bars_on_terminal(quiet=quiet) as progress:
        result = run_caption(
            bundle,
            medium,
            out=out,
            given=pairs_of(given),
            cut=cut,
            longest=longest,
            temperature=temperature,
            beam=beam,
            seed=seed,
            force=force,
            progress=progress,
        )
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print cues with their times, or files with their captions; what was written, where."""
    for cue in result.get("cues", ()):
        print(f"{cue['start']:8.2f} {cue['end']:8.2f}  {' / '.join(cue['text'].splitlines())}")
    for one in result.get("captions", ()):
        print(f"{one['file']}  {one['prediction']}")
    facts = {name: result.get(name) for name in ("pieces", "rows", "too_fast", "out")}
    print_facts({name: value for name, value in facts.items() if value})
