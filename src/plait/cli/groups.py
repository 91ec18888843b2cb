"""Options that go together: described once, and spliced into every verb that takes their group.

A command says ``decision: Decision``, is wrapped by `grouped`, and gets the group as one dict.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from plait.cli.options import one_of
from plait.reading import ReadOptions
from plait.words import split_list

Options = Mapping[str, tuple[Any, Any]]
"""Parameter -> its type as typer reads it, and its default."""


@dataclass(frozen=True)
class Group:
    """Options that a command takes as one argument.

    Attributes:
        options: In the order in which help shows them.
        tidy: Makes of what was said, by parameter, what the recipe takes.
    """

    options: Options
    tidy: Callable[[dict[str, Any]], dict[str, Any]] = dict


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of its groups, in the places of the parameters named so."""
    hints = get_type_hints(verb, include_extras=True)
    groups = {name: group for name, kind in hints.items() if (group := _group_of(kind))}

    @wraps(verb)
    def command(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group.tidy({option: given.pop(option) for option in group.options})
        verb(**given)

    parameters: list[inspect.Parameter] = []
    anyhow = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for name, parameter in inspect.signature(verb).parameters.items():
        if name not in groups:
            parameters.append(parameter.replace(annotation=hints[name], kind=anyhow))
            continue
        del hints[name]
        for option, (kind, default) in groups[name].options.items():
            hints[option] = kind
            parameters.append(inspect.Parameter(option, anyhow, default=default, annotation=kind))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = hints
    return command


def _group_of(kind: Any) -> Group | None:
    found = (part for part in getattr(kind, "__metadata__", ()) if isinstance(part, Group))
    return next(found, None)


def text(told: str, *choices: str) -> Any:
    """Return the type of an option that is a text: one of `choices`, where there are any."""
    check = one_of(*choices) if choices else None
    return Annotated[str | None, typer.Option(callback=check, help=told)]


def texts(told: str) -> Any:
    """Return the type of an option that may be repeated."""
    return Annotated[list[str] | None, typer.Option(help=told)]


def number(told: str) -> Any:
    """Return the type of an option that is a number."""
    return Annotated[float | None, typer.Option(help=told)]


def whole(told: str) -> Any:
    """Return the type of an option that is a whole number."""
    return Annotated[int | None, typer.Option(help=told)]


def place(told: str) -> Any:
    """Return the type of an option that is a path."""
    return Annotated[Path | None, typer.Option(help=told)]


def switch(name: str, told: str) -> Any:
    """Return the type of an option without a value, which has no opposite."""
    return Annotated[bool, typer.Option(name, help=told)]


def _said(given: dict[str, Any]) -> dict[str, Any]:
    names = tuple(name for one in given["exclude"] or () for name in split_list(one))
    return {name: value for name, value in {**given, "exclude": names}.items() if value}


READING: Options = {
    "columns": (
        text(
            "What columns are, where the guess is wrong: note=text,code=ignore; a name "
            "with a comma in quotes: '\"a, b\"=text'."
        ),
        None,
    ),
    "columns_file": (place("The same in a file: .yaml, .json or .csv."), None),
    "exclude": (texts("Column to leave out; may be repeated, or a,b,c."), None),
    "schema": (place("YAML schema to follow, as plait inspect writes it."), None),
    "root": (text("Folder of the media, when it is not the folder of the table."), None),
    "encoding": (text("Of text, where it is guessed wrongly: cp1252, utf-16."), None),
    "delimiter": (text("Between fields: ; or , or | or tab."), None),
    "decimal": (text("Decimal mark of numbers in text: . or ,"), None),
    "sheet": (text("Sheet of a spreadsheet, by name or number."), None),
    "strict": (
        switch(
            "--strict",
            "An ambiguous column is an error, and so is one that a bundle reads and the table "
            "lacks.",
        ),
        False,
    ),
    "on_error": (
        text(
            "An unreadable cell: raise stops and names it, skip counts it as missing "
            "[default: as at the bundle's fit, else raise]",
            "raise",
            "skip",
        ),
        None,
    ),
    "allow_network": (switch("--allow-network", "Fetch cells that are URLs."), False),
}
"""How a table is read: the arguments of `plait.read`."""

THRESHOLD = number("Of two classes: from which probability a row counts as --positive."), None

Reading = Annotated[ReadOptions, Group(READING, _said)]
"""What was said of how a table is read, for `plait.read`."""

Decision = Annotated[
    dict[str, Any],
    Group(
        {
            "threshold": THRESHOLD,
            "positive": (
                text("The class that --threshold is about [default: the rarer]."),
                None,
            ),
        }
    ),
]
"""Another decision between two classes than the bundle's."""
