"""What is wrong with delimited text: another kind of file or encoding, rows of other widths."""

from __future__ import annotations

from pathlib import Path

from plait.data.sources.header import HEAD_BYTES
from plait.errors import TableError

OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip file or spreadsheet", "name it .zip, .xlsx or .ods, whichever it is"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "save the sheet as .xlsx or CSV"),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"ARROW1", "an Arrow file", "name it .arrow"),
    (b"\x1f\x8b", "a gzip file", "name it .gz, as in shop.csv.gz"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "name it .zst, as in shop.csv.zst"),
    (b"%PDF", "a PDF document", "export the table as CSV"),
)


def checked_head(path: Path) -> bytes:
    """Return the first bytes. Raises `TableError` where these are no delimited text."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip():
        raise TableError(
            "the table is empty",
            expected="a header line and rows",
            path=path,
            hint="was the file written to its end?",
        )
    for magic, kind, hint in OTHER_FORMATS:
        if head.startswith(magic):
            raise TableError(
                "the file is not delimited text",
                expected="CSV or TSV",
                received=kind,
                path=path,
                hint=hint,
            )
    return head


def check_bytes(head: bytes, encoding: str, path: Path) -> None:
    """Raise `TableError` for bytes that no text of the encoding has."""
    if b"\0" in head and not encoding.startswith(("utf-16", "utf-32")):
        raise TableError(
            "the file is not text",
            expected="CSV or TSV in UTF-8",
            received=f"a zero byte at byte {head.index(0)}",
            path=path,
            hint="is it another kind of file, or UTF-16 without a mark? then use --encoding utf-16",
        )


def ragged_error(path: Path, row: int, expected: int, found: int, text: str) -> TableError:
    """Return the error for a row of another number of fields than the header."""
    open_quote = text.count('"') % 2 == 1 or "\n" in text
    hint = (
        "quote cells that hold the delimiter, or fill the missing fields with nothing; or name "
        "another delimiter with --delimiter"
    )
    if found < expected:
        hint += "; if it is the last row: was the file written to its end?"
    return TableError(
        "a row has the wrong number of fields",
        expected=f"{expected} fields, as in the header",
        received=f"{found} {'field' if found == 1 else 'fields'}: {text}",
        row=row,
        path=path,
        hint="is a quotation mark not closed?" if open_quote else hint,
    )


def wrong_encoding(encoding: str, path: Path, place: str) -> TableError:
    """Return the error for bytes at a place that are not of the encoding."""
    return TableError(
        f"the table is not {encoding.upper()} text",
        expected=f"{encoding.upper()}, or the encoding named",
        received=place,
        path=path,
        hint="name the encoding, for example --encoding latin-1",
    )
