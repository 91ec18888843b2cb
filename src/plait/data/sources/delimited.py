"""Reads delimited text (CSV, TSV) as a stream of text columns, and says where it is broken."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from plait.data.sources.rows import Rows
from plait.data.sources.spool import keep
from plait.errors import TableError

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BLOCK_BYTES = 256 * 2**10
HEAD_BYTES = 256 * 2**10
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): ?(.*)", re.DOTALL)
OTHER_FORMATS = (
    (b"PK\x03\x04", "an Excel or zip file", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "save the sheet as CSV"),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"ARROW1", "an Arrow file", "name it .arrow"),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"%PDF", "a PDF document", "export the table as CSV"),
)


def read_delimited(path: Path, *, encoding: str | None = None) -> Rows:
    """Return the rows of a CSV or TSV file; every cell is text, an empty one is missing.

    Cells stay text so that no block of the file is read differently from another. UTF-8 and
    UTF-16 are told apart by their byte order mark; anything else must be named.

    Raises:
        TableError: Empty, not text, wrongly encoded, ragged, or with doubled column names.
    """
    head = _checked_head(path)
    encoding = _checked_encoding(encoding or _marked_encoding(head), path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _likely_delimiter(head, encoding)
    names, num_skipped = _header(head, encoding, delimiter, path)
    settings = f"delimited|{encoding}|{delimiter}"

    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        schema = pa.schema([(name, pa.string()) for name in names])
        return schema, _Stream(path, names, num_skipped, encoding, delimiter).batches()

    return keep(path, settings, open_stream)


def _checked_head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip():
        raise TableError("the table is empty", expected="a header line and rows", path=path)
    for magic, kind, hint in OTHER_FORMATS:
        if head.startswith(magic):
            raise TableError(
                "the file is not delimited text",
                expected="CSV or TSV",
                received=kind,
                path=path,
                hint=hint,
            )
    if _marked_encoding(head) == "utf-8" and b"\0" in head:
        raise TableError(
            "the file is not text",
            expected="CSV or TSV in UTF-8",
            received=f"a zero byte at byte {head.index(0)}",
            path=path,
            hint="is it another kind of file, or UTF-16 without a mark? then use --encoding utf-16",
        )
    return head


def _marked_encoding(head: bytes) -> str:
    return next((name for mark, name in BOMS if head.startswith(mark)), "utf-8")


def _checked_encoding(encoding: str, path: Path) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise TableError(
            f"there is no encoding '{encoding}'",
            expected="a name such as utf-8, utf-16, latin-1 or cp1252",
            path=path,
        ) from None
    return "utf-8" if name in {"utf-8", "utf-8-sig"} else name


def _decoded_head(head: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return decoder.decode(head).removeprefix("\ufeff")


def _likely_delimiter(head: bytes, encoding: str) -> str:
    """Return which of comma, semicolon, tab and bar splits the first lines most evenly."""
    text = _decoded_head(head, encoding)
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    best, best_score = ",", 0.0
    for delimiter in (",", ";", "\t", "|"):
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        if widths and widths[0] > 1:
            score = widths.count(widths[0]) / len(widths) + widths[0] / 1000
            best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    return best


def _header(head: bytes, encoding: str, delimiter: str, path: Path) -> tuple[tuple[str, ...], int]:
    """Return the column names, and how many blank lines stand before them."""
    text = _decoded_head(head, encoding)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    num_skipped, names = next(((i, row) for i, row in enumerate(lines) if row), (0, []))
    if "\ufffd" in "".join(names):
        raise _wrong_encoding(encoding, path, "in the header")
    names = [name.strip() or f"column_{place}" for place, name in enumerate(names)]
    check_names(names, path)
    return tuple(names), num_skipped


def check_names(names: list[str], path: Path | None = None) -> None:
    """Raise `TableError` when a column name occurs twice."""
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


class _Stream:
    """One pass over the file."""

    def __init__(
        self, path: Path, names: tuple[str, ...], num_skipped: int, encoding: str, delimiter: str
    ) -> None:
        self.path, self.names, self.num_skipped = path, names, num_skipped
        self.encoding, self.delimiter = encoding, delimiter

    def batches(self) -> Iterator[pa.RecordBatch]:
        block_bytes, num_rows = BLOCK_BYTES, 0
        while True:
            try:
                for batch in self._rows_after(num_rows, block_bytes):
                    num_rows += batch.num_rows
                    yield batch
                return
            except pa.ArrowInvalid as error:
                longer = "straddl" in str(error) and block_bytes < self.path.stat().st_size
                if not longer:
                    raise self._parse_error(str(error), num_rows) from None
                block_bytes *= 8
            except UnicodeDecodeError as error:
                place = f"near row {num_rows}: {error.reason}"
                raise _wrong_encoding(self.encoding, self.path, place) from None

    def _rows_after(self, num_done: int, block_bytes: int) -> Iterator[pa.RecordBatch]:
        """Read from the start in blocks of some size, leaving out the header and rows given."""
        seen = -1
        with self._open(block_bytes) as reader:
            for batch in reader:
                seen += batch.num_rows
                fresh = min(batch.num_rows, seen - num_done)
                if fresh > 0:
                    part = batch.slice(batch.num_rows - fresh)
                    yield self._text(part, seen - fresh)

    def _open(self, block_bytes: int) -> arrow_csv.CSVStreamingReader:
        return arrow_csv.open_csv(
            str(self.path),
            read_options=arrow_csv.ReadOptions(
                encoding=self.encoding,
                block_size=block_bytes,
                autogenerate_column_names=True,
                skip_rows=self.num_skipped,
                use_threads=False,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(self.names) > 1,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"f{place}": pa.binary() for place in range(len(self.names))},
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )

    def _text(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        columns = []
        for name, column in zip(self.names, batch.columns, strict=True):
            try:
                columns.append(column.cast(pa.string()))
            except pa.ArrowInvalid:
                raise self._byte_error(name, column, first_row) from None
        return pa.record_batch(columns, names=list(self.names))

    def _byte_error(self, name: str, column: pa.Array, first_row: int) -> TableError:
        for place, cell in enumerate(column.to_pylist()):
            try:
                (cell or b"").decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"the byte 0x{error.object[error.start]:02x} at place {error.start}"
                wrong = _wrong_encoding(self.encoding, self.path, byte)
                wrong.at(column=name, row=first_row + place)
                return wrong
        return _wrong_encoding(self.encoding, self.path, f"after row {first_row}")

    def _parse_error(self, message: str, num_rows: int) -> TableError:
        ragged = _RAGGED.search(message)
        if ragged is not None:
            return _ragged_error(self.path, *ragged.groups())
        return TableError(
            "the table cannot be parsed",
            expected="delimited text with one row per line; line breaks only inside quotes",
            received=f"{message}, after row {max(0, num_rows - 1)}",
            path=self.path,
            hint="is a quotation mark not closed?",
        )


def _ragged_error(path: Path, number: str, expected: str, found: str, text: str) -> TableError:
    open_quote = text.count('"') % 2 == 1 or "\n" in text
    hint = "quote cells that hold the delimiter, or fill the missing fields with nothing"
    return TableError(
        "a row has the wrong number of fields",
        expected=f"{expected} fields, as in the header",
        received=f"{found} fields: {text}",
        row=int(number) - 2,
        path=path,
        hint="is a quotation mark not closed?" if open_quote else hint,
    )


def _wrong_encoding(encoding: str, path: Path, place: str) -> TableError:
    return TableError(
        f"the table is not {encoding.upper()} text",
        expected=f"{encoding.upper()}, or the encoding named",
        received=place,
        path=path,
        hint="name the encoding, for example --encoding latin-1",
    )
