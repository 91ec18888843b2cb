"""Reads delimited text (CSV, TSV) as a stream of text columns, and says where it is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as arrow_csv

from plait.data.sources.arrow_names import text_schema
from plait.data.sources.delimited_errors import (
    check_bytes,
    checked_head,
    ragged_error,
    wrong_encoding,
)
from plait.data.sources.encodings import NotText, encoding_of
from plait.data.sources.formats import Format, shown_delimiter
from plait.data.sources.header import MAX_CELL_BYTES, Header, read_header
from plait.data.sources.rows import Rows
from plait.data.sources.spool import keep, kept
from plait.errors import TableError

BLOCK_BYTES = 256 * 2**10
WIDE, WIDE_BLOCK_BYTES = 1000, 32 * 2**20
MAX_ROW_BYTES = 128 * 2**20
CUT = ("straddl", "cannot infer number of columns")
"""What Arrow says of a block that holds no whole row."""

_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): ?(.*)", re.DOTALL)


def read_delimited(path: Path, said: Format | None = None) -> Rows:
    """Return the rows of a CSV or TSV file; every cell is text, an empty one is missing.

    Cells stay text so that no block of the file is read differently from another. Encoding and
    delimiter are found unless they were said; an encoding that had to be guessed is a note.

    Raises:
        TableError: Empty, not text, wrongly encoded, ragged, with doubled or too many column
            names, or with a cell above `MAX_CELL_BYTES`.
        UsageError: The delimiter said, or of the file's ending, is not in the header, and another
            splits the lines evenly.
    """
    said = said or Format()
    said.refuse("sheet", kind="delimited text", path=path)
    head = checked_head(path)
    delimiter = said.delimiter or ("\t" if path.suffix.lower() == ".tsv" else None)
    rows = _rows(path, said.encoding, delimiter, head)
    if said.delimiter and len(rows.column_names) == 1:
        sign = shown_delimiter(said.delimiter)
        rows.notes += (f"the delimiter {sign} is not in the header: there is one column",)
    return rows


def _rows(path: Path, said: str | None, delimiter: str | None, head: bytes) -> Rows:
    found = None if said else kept(path, _settings("utf-8", delimiter))
    if found is not None:
        return found
    try:
        encoding = encoding_of(path, said)
    except NotText as failure:
        check_bytes(head, "utf-8", path)
        _keep(path, "utf-8", delimiter)  # fails, naming row and column
        raise failure.error.at(path=path) from None
    check_bytes(head, encoding.name, path)
    rows = _keep(path, encoding.name, delimiter)
    rows.notes += (encoding.note,) if encoding.note else ()
    return rows


def _settings(encoding: str, delimiter: str | None) -> str:
    return f"delimited|{encoding}|{delimiter or 'found'}"


def _keep(path: Path, encoding: str, delimiter: str | None) -> Rows:
    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        header = read_header(path, encoding, delimiter)
        if "\ufffd" in "".join(header.written):
            raise wrong_encoding(encoding, path, "in the header")
        return text_schema(header.written, path), _Stream(path, header, encoding).batches()

    return keep(path, _settings(encoding, delimiter), open_stream)


class _Stream:
    """One pass over the file."""

    def __init__(self, path: Path, header: Header, encoding: str) -> None:
        self.path, self.encoding = path, encoding
        self.names, self.header = header.names, header

    def batches(self) -> Iterator[pa.RecordBatch]:
        # Many rows to a block, also of wide tables: every block costs something per column.
        wide = WIDE_BLOCK_BYTES if len(self.names) > WIDE else 0
        block_bytes, num_rows = max(BLOCK_BYTES, wide), 0
        while True:
            try:
                for batch in self._rows_after(num_rows, block_bytes):
                    num_rows += batch.num_rows
                    yield batch
                return
            except pa.ArrowInvalid as error:
                cut = any(words in str(error) for words in CUT)
                longer = cut and block_bytes < self.path.stat().st_size
                if not longer:
                    raise self._parse_error(str(error), num_rows) from None
                if block_bytes >= MAX_ROW_BYTES:
                    raise self._too_long_a_row(num_rows) from None
                block_bytes = min(block_bytes * 8, MAX_ROW_BYTES)
            except UnicodeError as error:
                reason = getattr(error, "reason", str(error))
                place = f"near row {num_rows}: {reason}"
                raise wrong_encoding(self.encoding, self.path, place) from None

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
                skip_rows=self.header.num_skipped,
                use_threads=False,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.header.delimiter,
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
        columns, large = [], batch.nbytes > MAX_CELL_BYTES
        if batch.num_columns != len(self.names):
            told = f"rows of {batch.num_columns} and a header of {len(self.names)} cells"
            raise self._parse_error(told, first_row)
        for name, column in zip(self.names, batch.columns, strict=True):
            if large:
                _check_lengths(column, name, first_row, self.path)
            try:
                cells = column.cast(pa.string())
            except pa.ArrowInvalid:
                raise self._byte_error(name, column, first_row) from None
            columns.append(cells)
        return pa.record_batch(columns, names=self.names)

    def _byte_error(self, name: str, column: pa.Array, first_row: int) -> TableError:
        for place, cell in enumerate(column.to_pylist()):
            try:
                (cell or b"").decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"the byte 0x{error.object[error.start]:02x} at place {error.start}"
                wrong = wrong_encoding(self.encoding, self.path, byte)
                wrong.at(column=name, row=first_row + place)
                return wrong
        return wrong_encoding(self.encoding, self.path, f"after row {first_row}")

    def _too_long_a_row(self, num_rows: int) -> TableError:
        return TableError(
            "a row is too long",
            expected=f"at most {MAX_ROW_BYTES // 2**20} MiB",
            received="a row that does not end within them",
            row=max(0, num_rows),
            path=self.path,
            hint="is a quotation mark not closed? Large values belong into files beside the table",
        )

    def _parse_error(self, message: str, num_rows: int) -> TableError:
        ragged = _RAGGED.search(message)
        if ragged is not None:
            number, expected, found, text = ragged.groups()
            return ragged_error(self.path, int(number) - 2, int(expected), int(found), text)
        return TableError(
            "the table cannot be parsed",
            expected="delimited text with one row per line; line breaks only inside quotes",
            received=f"{message}, after row {max(0, num_rows - 1)}",
            path=self.path,
            hint="is a quotation mark not closed?",
        )


def _check_lengths(column: pa.Array, name: str, first_row: int, path: Path) -> None:
    longest = compute.max(compute.binary_length(column)).as_py() or 0
    if longest > MAX_CELL_BYTES:
        lengths = compute.binary_length(column).to_pylist()
        raise TableError(
            "a cell is too long",
            expected=f"at most {MAX_CELL_BYTES // 2**20} MiB",
            received=f"{longest} bytes",
            column=name,
            row=first_row + lengths.index(longest),
            path=path,
            hint="put the value into a file beside the table, and its path into the cell",
        )
