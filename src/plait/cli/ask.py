"""plait ask: the answer to one question, or to one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Group, grouped, text, texts
from plait.cli.options import Json, Quiet, Seed, pairs_of
from plait.cli.show import emit, print_facts

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
    temperature: Annotated[
        float | None,
        typer.Option(help="Of a generated target: 0 takes the likeliest, 1 draws as learned."),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer a question about what is given: a picture, a sound, any columns.

    Without a question, where a text column is free, questions are read from the keyboard or from
    standard input, a line each, until it ends.
    """
    from plait.recipes.ask import ask as run_ask
    from plait.recipes.ask import ask_each

    drawn: dict[str, Any] = {"given": known, "temperature": temperature, "seed": seed}
    if question is not None:
        _tell(question, run_ask(bundle, question, **drawn), json)
        return
    for one, answer in ask_each(bundle, _asked(quiet), **drawn):
        _tell(one, answer, json)


def _tell(question: str | None, answer: Any, as_json: bool) -> None:
    emit({"question": question, **answer.to_dicts()[0]}, as_json=as_json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the answer, and what else is told of it below."""
    details = {k: v for k, v in result.items() if k not in ("question", "prediction")}
    if "prediction" in result:
        print(result["prediction"])
    starts = ("p_", *(f"{name}_p_" for name in details))
    print_facts({name: value for name, value in details.items() if not name.startswith(starts)})


def _asked(quiet: bool) -> Iterator[str]:
    """Give questions, a line each, until the input ends; empty lines are passed over."""
    typed = sys.stdin.isatty() and not quiet
    while True:
        if typed:
            print(PROMPT, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()
