"""The options that several verbs share, each described once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from plait.errors import UsageError
from plait.words import split_list, split_pair


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
Weight = Annotated[
    list[str] | None,
    typer.Option(help="Weight of a column, 1 by default: --weight name=2; may be repeated."),
]

READING: dict[str, tuple[Any, Any]] = {
    "columns": (
        Annotated[
            str | None,
            typer.Option(
                help="What columns are, where the guess is wrong: note=text,code=ignore; a name "
                "with a comma in quotes: '\"a, b\"=text'."
            ),
        ],
        None,
    ),
    "columns_file": (
        Annotated[Path | None, typer.Option(help="The same in a file: .yaml, .json or .csv.")],
        None,
    ),
    "exclude": (
        Annotated[
            list[str] | None, typer.Option(help="Column to leave out; may be repeated, or a,b,c.")
        ],
        None,
    ),
    "schema": (
        Annotated[
            Path | None, typer.Option(help="YAML schema to follow, as plait inspect writes it.")
        ],
        None,
    ),
    "root": (
        Annotated[
            str | None,
            typer.Option(help="Folder of the media, when it is not the folder of the table."),
        ],
        None,
    ),
    "encoding": (
        Annotated[
            str | None, typer.Option(help="Of text, where it is guessed wrongly: cp1252, utf-16.")
        ],
        None,
    ),
    "delimiter": (
        Annotated[str | None, typer.Option(help="Between fields: ; or , or | or tab.")],
        None,
    ),
    "decimal": (
        Annotated[str | None, typer.Option(help="Decimal mark of numbers in text: . or ,")],
        None,
    ),
    "sheet": (
        Annotated[str | None, typer.Option(help="Sheet of a spreadsheet, by name or number.")],
        None,
    ),
    "strict": (
        Annotated[
            bool,
            typer.Option(
                "--strict",
                help="An ambiguous column is an error, and so is one that a bundle reads and the "
                "table lacks.",
            ),
        ],
        False,
    ),
    "on_error": (
        Annotated[
            str | None,
            typer.Option(
                callback=one_of("raise", "skip"),
                help="An unreadable cell: raise stops and names it, skip counts it as missing "
                "[default: as at the bundle's fit, else raise]",
            ),
        ],
        None,
    ),
    "allow_network": (
        Annotated[bool, typer.Option("--allow-network", help="Fetch cells that are URLs.")],
        False,
    ),
}
"""The options of reading a table, which are those of `plait.read`: type and default."""


def reads_table(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of reading a table, handed to its argument ``reading``.

    The command's parameter ``reading`` gets what was said as a dict for `plait.read`.
    """

    @wraps(verb)
    def command(**given: Any) -> None:
        said = {name: given.pop(name) for name in READING}
        said["exclude"] = tuple(n for text in said["exclude"] or () for n in split_list(text))
        verb(**given, reading={name: value for name, value in said.items() if value})

    own = inspect.signature(verb).parameters
    hints = get_type_hints(verb, include_extras=True)
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        if name != "reading":
            parameters.append(parameter.replace(annotation=hints[name]))
            continue
        for option, (kind, default) in READING.items():
            hints[option] = kind
            keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
            parameters.append(inspect.Parameter(option, keyword, default=default, annotation=kind))
    del hints["reading"]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = hints
    return command


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
