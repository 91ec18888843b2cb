"""What a person says about a file's format, where its reader cannot know or guesses wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from plait.data.sources.encodings import named_encoding
from plait.errors import UsageError, visible

DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
"""Words for delimiters that are awkward to type in a shell."""

DELIMITER_WORDS = {sign: word for word, sign in DELIMITERS.items() if word.isalpha()}


@dataclass(frozen=True, kw_only=True)
class Format:
    """What was said of a file; None where nothing was.

    Attributes:
        encoding: Python's name of the encoding of text.
        delimiter: One character between the fields of a row.
        decimal: The decimal mark of numbers in text: ``.`` or ``,``.
        sheet: Name of a spreadsheet's sheet, or its number from 1.

    Raises:
        UsageError: A value that no file has.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            object.__setattr__(self, "encoding", named_encoding(self.encoding))
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _delimiter(self.delimiter))
        if self.decimal is not None and self.decimal not in (".", ","):
            raise UsageError(
                "the decimal mark is unknown", expected="'.' or ','", received=self.decimal
            )

    def of_sheet(self, sheet: str) -> Format:
        """Return the format with the sheet that the table's name holds after its ``#``."""
        if self.sheet not in (None, sheet):
            raise UsageError(
                "two sheets are named", expected="one", received=f"{sheet}, {self.sheet}"
            )
        return replace(self, sheet=sheet)

    def refuse(self, *names: str, kind: str, path: Path | None = None) -> None:
        """Raise `UsageError` when something was said that a kind of table does not have."""
        for name in names:
            if getattr(self, name) is not None:
                raise UsageError(
                    f"{kind} has no {name}",
                    expected=f"no --{name}",
                    received=getattr(self, name),
                    path=path,
                    hint=f"leave --{name} out",
                )


def shown_delimiter(sign: str) -> str:
    """Return a delimiter as it is said to people: ``';'``, or ``tab`` or ``space``."""
    return DELIMITER_WORDS[sign] if sign in "\t " else f"'{visible(sign)}'"


def _delimiter(said: str) -> str:
    found = DELIMITERS.get(said.lower(), said)
    if len(found) != 1 or not found.isascii() or found in '"\r\n\0':
        raise UsageError(
            "the delimiter is not one plain character",
            expected="one such as , ; | or the word "
            + ", ".join(w for w in DELIMITERS if w[0] != "\\"),
            received=said,
        )
    return found
