"""The options that several verbs share one by one, each described once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from plait.errors import UsageError
from plait.words import split_pair


def one_of(*choices: str) -> Callable[[str | None], str | None]:
    """Return a check that refuses any other word as a wrong call (exit code 2)."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(f"'{value}' is none of {', '.join(choices)}")
        return value

    return check


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same result.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
_TABLE = (
    "CSV, TSV, JSON lines, Parquet, Arrow, .xlsx, .ods, .tar, any of them in .gz, .zst or .zip, a "
    "folder, or - for standard input."
)
TableOf = Annotated[str, typer.Argument(help=_TABLE)]
TableIfAny = Annotated[str | None, typer.Argument(help=_TABLE)]
Force = Annotated[
    bool, typer.Option("--force", help="Replace a file that exists; never what is read.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser, if there is one.")]
TEMPERATURE = (
    "Of a generated target: 0 takes what is likeliest, 1 draws as often as it was "
    "learned to occur [default: 0; of tunes what the fit chose]."
)
Temperature = Annotated[float | None, typer.Option(help=TEMPERATURE)]
BEAM = (
    "Of a text that a network writes: beginnings that are kept while the likeliest text "
    "is looked for, 1 to 32 [default: 1]."
)
Beam = Annotated[int | None, typer.Option(help=BEAM)]
Weight = Annotated[
    list[str] | None,
    typer.Option(help="Weight of a column, 1 by default: --weight name=2; may be repeated."),
]


def pairs_of(given: Sequence[str] | None) -> dict[str, str]:
    """Read ``name=value`` options; names may be quoted. Raises `typer.BadParameter`."""
    found = {}
    for text in given or ():
        try:
            name, value = split_pair(text)
        except UsageError as error:
            raise typer.BadParameter(error.what) from None
        found[name] = value
    return found


def encoders_of(given: Sequence[str] | None) -> dict[str, str] | None:
    """Read ``--encoder`` options: ``auto`` or ``none`` for all columns, or ``text=WHERE``.

    None where nothing was said. Raises `typer.BadParameter`.
    """
    if not given:
        return None
    words = [text for text in given if text in ("auto", "none")]
    found = pairs_of([text for text in given if text not in words])
    return {"*": words[-1], **found} if words else found


def weights_of(given: Sequence[str] | None) -> dict[str, float]:
    """Read ``name=2`` options; names may be quoted. Raises `typer.BadParameter`."""
    found = {}
    for text in given or ():
        try:
            name, number = split_pair(text, last=True)
            found[name] = float(number)
        except (UsageError, ValueError):
            raise typer.BadParameter(f"'{text}' is not of the form COLUMN=NUMBER") from None
    return found
