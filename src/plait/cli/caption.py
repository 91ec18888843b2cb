"""plait caption: a sound or film in, subtitles out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Beam, Force, Json, Quiet, Seed, Temperature, one_of, pairs_of
from plait.cli.show import emit, print_facts, say_notes

EXAMPLE = """Examples:

plait caption clips.plait holiday.mp4 --out holiday.srt

plait caption words.plait talk.wav     (prints what is said, and when)

plait caption photos.plait photos/ --out captions.csv

plait caption shots.plait film.mp4 --target place     (of a bundle of several targets)

plait caption talk.mp4 --words speech --out talk.srt     (without a bundle: the words themselves)

plait caption clips.csv --words screen --out clips_words.csv     (a column of words)"""


def caption(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote; none with --words.")],
    medium: Annotated[
        Path | None,
        typer.Argument(help="A sound or film, or a folder of media; with --words also a table."),
    ] = None,
    *,
    target: Annotated[str | None, typer.Option(help="Which target, of a model of several.")] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="speech or screen: write the words that are said or shown, read by what is "
            "installed on this machine (plait doctor tells)."
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="That is spoken, such as nl [default: found out].")
    ] = None,
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

    if medium is None and words is None:
        raise typer.BadParameter("a medium is missing: plait caption BUNDLE MEDIUM")
    drawn: dict[str, Any] = {"temperature": temperature, "beam": beam, "seed": seed}
    with bars_on_terminal(quiet=quiet) as progress:
        result = run_caption(
            bundle if medium is not None else None,
            bundle if medium is None else medium,
            out=out, target=target, words=words, language=language, given=pairs_of(given), cut=cut,
            longest=longest, **drawn, force=force, progress=progress,
        )  # fmt: skip
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print cues with their times, or files with their captions; what was written, where."""
    for cue in result.get("cues", ()):
        print(f"{cue['start']:8.2f} {cue['end']:8.2f}  {' / '.join(cue['text'].splitlines())}")
    for one in result.get("captions", ()):
        print(f"{one['file']}  {one['prediction']}")
    names = ("pieces", "rows", "too_fast", "unread", "out")
    facts = {name: result.get(name) for name in names}
    print_facts({name: value for name, value in facts.items() if value})
    say_notes(result)
