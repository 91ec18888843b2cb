"""Takes a table from standard input: written to a temporary file, its kind told by its content."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from plait.data.sources.packed import MAGIC
from plait.errors import TableError, UsageError
from plait.writing import spare_folder

STDIN = "-"
MAX_STDIN_BYTES = 4 * 2**30


@contextmanager
def spooled(stream: BinaryIO | None = None) -> Iterator[Path]:
    """Give standard input as a temporary file, named ``table`` with the ending of its kind.

    Raises:
        UsageError: Nothing is piped into this process.
        TableError: Empty, or more than `MAX_STDIN_BYTES`.
    """
    if stream is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "'-' reads the table from standard input, and nothing is piped into it",
                expected="for example  cat shop.csv | plait predict shop.plait -",
            )
        stream = sys.stdin.buffer
    with spare_folder("plait-stdin-") as folder:
        path = folder / "table"
        _copy(stream, path)
        yield path.rename(path.with_suffix(_ending(path)))


def _copy(stream: BinaryIO, path: Path) -> None:
    num_bytes = 0
    with path.open("wb") as out:
        while piece := stream.read(2**20):
            num_bytes += len(piece)
            if num_bytes > MAX_STDIN_BYTES:
                raise TableError(
                    "standard input holds too much",
                    expected=f"at most {MAX_STDIN_BYTES // 2**30} GiB",
                    hint="write it to a file, and name that",
                )
            out.write(piece)
    if not num_bytes:
        raise TableError("standard input is empty", expected="a header line and rows")


def _ending(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    for ending, magic in {**MAGIC, ".parquet": b"PAR1", ".arrow": b"ARROW1"}.items():
        if head.startswith(magic):
            return ending
    if head.startswith(b"PK\x03\x04"):
        return ".ods" if b"opendocument.spreadsheet" in head else ".xlsx"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return ".jsonl" if text[:1] in (b"{", b"[") else ".csv"
