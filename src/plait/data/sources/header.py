"""Reads the header of delimited text: its delimiter, its column names, however long they are."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plait.data.sources.formats import DELIMITER_WORDS, shown_delimiter
from plait.data.sources.names import clean_names
from plait.errors import TableError, UsageError

HEAD_BYTES = 256 * 2**10
MAX_HEADER_BYTES = 64 * 2**20
MAX_CELL_BYTES = 64 * 2**20
"""Longer cells are files, and belong beside the table."""

MAX_COLUMNS = 100_000
"""Wider tables are arrays, and belong into one column of vectors or series."""

CANDIDATES = (",", ";", "\t", "|")
LEAST_EVEN = 0.9
"""Share of the first lines that another delimiter splits alike, for the one said to be wrong."""


@dataclass(frozen=True)
class Header:
    """The first line of a table that is not blank.

    Attributes:
        written: The columns' names as the file has them.
        num_skipped: Blank lines before it.
        delimiter: Between the fields.
    """

    written: tuple[str, ...]
    num_skipped: int
    delimiter: str

    @property
    def names(self) -> list[str]:
        """The columns' clean names; nameless ones are called after their place."""
        return clean_names(self.written)


def read_header(path: Path, encoding: str, delimiter: str | None) -> Header:
    """Return the header; the delimiter is found from the first lines unless it is given.

    Raises:
        TableError: The header is longer than its limit, has too many or doubled names, or bytes
            that are not of the encoding.
        UsageError: It lacks the delimiter given, and another one splits the lines evenly.
    """
    num_bytes, size = HEAD_BYTES, path.stat().st_size
    while True:
        text = _head(path, encoding, num_bytes)
        used = delimiter or likely_delimiter(text[:HEAD_BYTES])
        num_skipped, fields, whole = _first_row(text, used, path)
        if whole or num_bytes >= size:
            break
        if num_bytes >= MAX_HEADER_BYTES:
            raise TableError(
                "the header is too long",
                expected=f"at most {MAX_HEADER_BYTES // 2**20} MiB",
                received=f"a first row that does not end within them: {text[:60]}",
                path=path,
                hint="is a quotation mark not closed, or is this another kind of file?",
            )
        num_bytes *= 4
    if delimiter and len(fields) == 1:
        _check_delimiter(delimiter, text[:HEAD_BYTES], path)
    header = Header(tuple(fields), num_skipped, used)
    check_names(header.names, path)
    return header


def check_names(names: Sequence[str], path: Path | None = None) -> None:
    """Raise `TableError` when there are too many columns, or one name occurs twice."""
    if len(names) > MAX_COLUMNS:
        raise TableError(
            "the table has too many columns",
            expected=f"at most {MAX_COLUMNS:,}",
            received=f"{len(names):,}",
            path=path,
            hint="keep numbers that belong together as one column of lists (JSON lines, Parquet) "
            "or of .npy files: they are then read as one vector or series",
        )
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        places = [place for place, name in enumerate(names) if name == doubled[0]]
        raise TableError(
            "two columns have the same name",
            expected="a name of its own for every column",
            received=f"'{doubled[0]}' as columns " + " and ".join(map(str, places)),
            column=doubled[0],
            path=path,
            hint="rename one of them in the header",
        )


def likely_delimiter(text: str) -> str:
    """Return which of comma, semicolon, tab and bar splits the first lines most evenly."""
    best, best_score = ",", 0.0
    for delimiter in CANDIDATES:
        width, share = _evenness(text, delimiter)
        score = share + min(width, 900) / 1000 if width > 1 else 0.0
        best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    return best


def _evenness(text: str, delimiter: str) -> tuple[int, float]:
    """Return how many fields the first line has, and the share of the first lines with as many."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    widths = [len(row) for row in parsed(lines, delimiter)]
    return (widths[0], widths.count(widths[0]) / len(widths)) if widths else (0, 0.0)


def _check_delimiter(said: str, text: str, path: Path) -> None:
    """Raise `UsageError` where the header lacks a delimiter and another splits the lines evenly."""
    other = likely_delimiter(text)
    width, share = _evenness(text, other)
    if width > 1 and share >= LEAST_EVEN:
        raise UsageError(
            f"the delimiter {shown_delimiter(said)} is not in the header",
            expected=f"column names with {shown_delimiter(said)} between them",
            received=next(line for line in text.splitlines() if line.strip()),
            path=path,
            hint=f"{shown_delimiter(other)} seems to be the delimiter: say --delimiter "
            f"{DELIMITER_WORDS[other]}",
        )


def parsed(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    """Yield the fields of rows, with fields as long as a cell may be.

    Raises `csv.Error` where `strict` and a quotation mark is not closed, or is followed by more.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_BYTES))
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _head(path: Path, encoding: str, num_bytes: int) -> str:
    with path.open("rb") as file:
        head = file.read(num_bytes)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return decoder.decode(head).removeprefix("\ufeff")


def _first_row(text: str, delimiter: str, path: Path) -> tuple[int, list[str], bool]:
    """Return how many blank rows come first, the first other one, and whether it ends in `text`."""
    stream = io.StringIO(text, newline="")
    try:
        rows = enumerate(parsed(stream, delimiter))
        num_skipped, fields = next(((i, row) for i, row in rows if row), (0, []))
    except csv.Error as error:
        raise TableError(
            "the header cannot be read",
            expected="column names, separated by one character",
            received=str(error),
            path=path,
        ) from None
    end = stream.tell()
    return num_skipped, fields, end < len(text) or text[end - 1 : end] in ("\n", "\r")
