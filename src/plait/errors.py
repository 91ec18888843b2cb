"""The errors a user can meet: each says what, expected, received, where, and how to mend it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from plait.installation import install_command

MAX_COMPARED, MAX_NAMED = 5000, 50
"""Of a wide table's columns: how many a wrong name is compared with, and how many are listed."""


class PlaitError(Exception):
    """Something the user can mend.

    Args:
        what: One sentence that names the problem.
        expected: What would have been right.
        received: What was found instead (shortened when long).
        hint: The command or change that mends it.
        column: Name of the table's column.
        row: 0-based row number of the table.
        path: File or folder concerned.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        received: Any = None,
        hint: str | None = None,
        column: str | None = None,
        row: int | None = None,
        path: Any = None,
    ) -> None:
        self.what = what
        self.expected = expected
        self.received = None if received is None else shorten(received)
        self.hint = hint
        self.column = column
        self.row = row
        self.path = None if path is None else str(path)
        super().__init__(what)

    def at(
        self, *, column: str | None = None, row: int | None = None, path: Any = None
    ) -> PlaitError:
        """Fill in the place where it happened, where it is not known yet; returns itself."""
        self.column = self.column or column
        self.row = row if self.row is None else self.row
        self.path = self.path or (None if path is None else str(path))
        return self

    def of_call(self, wrong: bool = True) -> PlaitError:
        """Count it as a wrong call, where there is nothing at a path named in it; return itself."""
        if wrong:
            self.exit_code = UsageError.exit_code
        return self

    def place(self) -> str:
        """Return ``column 'x', row 3, path`` with the parts that are known."""
        parts = [
            f"column '{self.column}'" if self.column is not None else "",
            f"row {self.row}" if self.row is not None else "",
            str(self.path) if self.path else "",
        ]
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        lines = [self.what]
        if self.place():
            lines.append(f"  where:    {self.place()}")
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.received is not None:
            lines.append(f"  received: {self.received}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the error, for ``--json``."""
        names = ("what", "expected", "received", "hint", "column", "row", "path")
        found = {name: getattr(self, name) for name in names}
        return {"error": type(self).__name__} | {k: v for k, v in found.items() if v is not None}


class UsageError(PlaitError):
    """The call itself is wrong: an unknown option, verb or column."""

    exit_code = 2


class ColumnError(UsageError):
    """A column that was named is not there, or a table lacks those that a model reads."""


class TableError(PlaitError):
    """The table cannot be read, or is not a table."""


class SchemaError(PlaitError):
    """A column's modality is unknown, ambiguous in strict mode, or does not fit its values."""


class CellError(PlaitError):
    """One cell cannot be read; with ``--on-error skip`` it counts as missing."""


class LimitError(CellError):
    """One cell is larger than the limits of `plait.modalities.limits` allow."""


class TargetError(PlaitError):
    """The target cannot be learned: absent, constant, or of a modality without a head."""


class BundleError(PlaitError):
    """A bundle is missing a file, was changed, or was written by another version."""


class StorageError(PlaitError):
    """Something cannot be written or kept open: a full disk, a quota, no permission."""


class BusyError(PlaitError):
    """Another process is at work on the same place."""


class ExtraError(PlaitError):
    """A verb or modality needs an optional dependency that is not installed.

    Args:
        extra: The extra that brings it.
        needed_for: What cannot be done.
        otherwise: What can be done without it.
    """

    def __init__(self, extra: str, needed_for: str, *, otherwise: str | None = None) -> None:
        mend = install_command(extra)
        super().__init__(
            f"{needed_for} needs the extra '{extra}'",
            expected=f"plait[{extra}] installed",
            hint=f"{mend}, or {otherwise}" if otherwise else mend,
        )


class ParityError(PlaitError):
    """What was made of a network, to run elsewhere, does not say what the network says."""


class GraphError(PlaitError):
    """A model that cannot be written as one graph for the runtime that was asked for."""


class ForgettingError(PlaitError):
    """What a device is to learn would cost more of what the model knows than was allowed."""


class FrontEndError(PlaitError):
    """What reads words out of sounds or pictures is not installed, or has no weights here."""


def no_column(name: str, names: Sequence[str], *, of: str = "the table") -> ColumnError:
    """Return the error for a column that is not there, with the nearest name that is.

    >>> no_column("nots", ["note", "price"]).hint
    "did you mean 'note'?"
    """
    some = [n for n in names if n.strip().lower() == name.strip().lower()]
    close = some or difflib.get_close_matches(name, names[:MAX_COMPARED], 1)
    shown = ", ".join(map(_in_list, names[:MAX_NAMED])) + (", ..." * (len(names) > MAX_NAMED))
    return ColumnError(
        f"{of} has no column '{visible(name)}'",
        expected="one of " + shown,
        received=_in_list(name),
        hint=f"did you mean '{visible(close[0])}'?" if close else None,
    )


def visible(name: str) -> str:
    """Return a name in which what cannot be seen is written out.

    >>> print(visible("price\\r"), visible("unit\\xa0price"))
    price\\r unit\\xa0price
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def _in_list(name: str) -> str:
    """Return a name as it stands among others: in quotes where blanks are around it."""
    return visible(name) if name == name.strip(" ") else f"'{visible(name)}'"


def nearest_name(name: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the known name that is most like another, whatever the case; None when none is."""
    folded = {one.strip().casefold(): one for one in known}
    some = list(folded)[:MAX_COMPARED]
    key = name.strip().casefold()
    close = [key] if key in folded else difflib.get_close_matches(key, some, 1, likeness)
    return folded[close[0]] if close else None


def shorten(value: Any, num_characters: int = 120) -> str:
    """Return `value` as one line of at most `num_characters` characters.

    >>> shorten("a" * 200, 8)
    'aaaaa...'
    """
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= num_characters else text[: num_characters - 3] + "..."


def as_path(given: object, what: str) -> Path:
    """Return a path that a person gave.

    Args:
        given: A path or its text.
        what: Is named by it, with its article: ``a bundle``.

    Raises:
        UsageError: When it is something else.
    """
    if isinstance(given, str | os.PathLike):
        return Path(given)
    raise UsageError(
        f"{what} is named by a path", expected="text or a path", received=type(given).__name__
    )
