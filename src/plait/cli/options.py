"""The options that several verbs share, each described once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer


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
OnError = Annotated[
    str,
    typer.Option(
        callback=one_of("raise", "skip"),
        help="An unreadable cell: raise stops and names it, skip counts it as missing.",
    ),
]
OnErrorKept = Annotated[
    str | None,
    typer.Option(
        "--on-error",
        callback=one_of("raise", "skip"),
        help="An unreadable cell: raise stops and names it, skip counts it as missing "
        "[default: as at the fit]",
    ),
]
StrictColumns = Annotated[
    bool,
    typer.Option("--strict", help="A column of the model that the table lacks is an error."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace a file that exists; never what is read.")
]
Root = Annotated[
    str | None,
    typer.Option(help="Folder of the media, when it is not the folder of the table."),
]
Columns = Annotated[
    str | None,
    typer.Option(help="What columns are, where the guess is wrong: note=text,code=ignore"),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="An ambiguous column is an error, not a stated choice.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser, if there is one.")]
Weight = Annotated[
    list[str] | None,
    typer.Option(help="Weight of a column, 1 by default: --weight name=2; may be repeated."),
]


def pairs_of(given: Sequence[str] | None) -> dict[str, str]:
    """Read ``name=value`` options. Raises `typer.BadParameter`."""
    found = {}
    for text in given or ():
        name, mark, value = text.partition("=")
        if not (mark and name and value):
            raise typer.BadParameter(f"'{text}' is not of the form NAME=VALUE")
        found[name] = value
    return found


def weights_of(given: Sequence[str] | None) -> dict[str, float]:
    """Read ``name=2`` options. Raises `typer.BadParameter`."""
    found = {}
    for text in given or ():
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(f"'{text}' is not of the form COLUMN=NUMBER")
    return found
