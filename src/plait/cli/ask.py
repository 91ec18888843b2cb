"""plait ask: the answer to one question, or to one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Group, grouped, text, texts
from plait.cli.options import Beam, Json, Quiet, Seed, Temperature, pairs_of
from plait.cli.show import emit, print_facts, say_notes

EXAMPLE = """Examples:

plait ask vqa.plait --image street.jpg "how many dogs are there?"

plait ask shop.plait --given size=42 --image shoe.jpg

plait ask vqa.plait --image street.jpg     (asks for one question after the other)"""

PROMPT = "? "


def _given(said: dict[str, Any]) -> dict[str, str]:
    named = pairs_of(said.pop("given"))
    return {name: cell for name, cell in {**said, **named}.items() if cell is not None}


Known = Annotated[
    dict[str, str],
    Group(
        {
            "image": (text("A picture that is asked about."), None),
            "audio": (text("A sound that is asked about."), None),
            "video": (text("A film that is asked about."), None),
            "given": (
                texts("Value of any column or modality: --given size=42; may be repeated."),
                None,
            ),
        },
        _given,
    ),
]
"""What is known of the row: cells by column or modality."""


@grouped
def ask(
    bundle: Annotated[Path, typer.Argument(help="Bundle that plait fit wrote.")],
    question: Annotated[
        str | None,
        typer.Argument(help="Goes to the text column; without it, questions are read one by one."),
    ] = None,
    *,
    known: Known,
    temperature: Temperature = None,
    beam: Beam = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer a question about what is given: a picture, a sound, any columns.

    On a terminal a text appears while it is written. Without a question, where a text column is
    free, questions are read from the keyboard or from standard input, a line each, until it ends.
    """
    from plait.recipes.ask import ask as run_ask
    from plait.recipes.ask import ask_each

    drawn: dict[str, Any] = {
        "given": known, "temperature": temperature, "seed": seed, "beam": beam
    }  # fmt: skip
    with Aloud(on=not json and sys.stdout.isatty()) as aloud:
        answers: Iterator[tuple[str | None, Any]]
        if question is not None:
            answers = iter([(question, run_ask(bundle, question, told=aloud.told, **drawn))])
        else:
            answers = ask_each(bundle, _asked(quiet), told=aloud.told, **drawn)
        for one, answer in answers:
            result = {"question": one, **answer.to_dicts()[0]}
            if aloud.end():
                del result["prediction"]  # which was told already
            if answer.notes:
                result["notes"] = list(answer.notes)
            emit(result, as_json=json, show=show)


class Aloud:
    """Writes the pieces of a text on the terminal as they come; an interrupt leaves a whole line.

    Args:
        on: False tells nothing.
    """

    def __init__(self, *, on: bool) -> None:
        self.told = self._write if on else None
        self._begun = False

    def _write(self, piece: str) -> None:
        self._begun = True
        print(piece, end="", flush=True)

    def end(self) -> bool:
        """End the line; return whether there was one."""
        begun, self._begun = self._begun, False
        if begun:
            print()
        return begun

    def __enter__(self) -> Aloud:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def show(result: dict[str, Any]) -> None:
    """Print the answer, and what else is told of it below."""
    details = {k: v for k, v in result.items() if k not in ("question", "prediction", "notes")}
    if "prediction" in result:
        print(result["prediction"])
    starts = ("p_", *(f"{name}_p_" for name in details))
    print_facts({name: value for name, value in details.items() if not name.startswith(starts)})
    say_notes(result)


def _asked(quiet: bool) -> Iterator[str]:
    """Give questions, a line each, until the input ends; empty lines are passed over."""
    from plait.types import is_missing

    typed = sys.stdin.isatty() and not quiet
    while True:
        if typed:
            print(PROMPT, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if not is_missing(line):
            yield line.strip()
