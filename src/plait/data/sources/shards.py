"""Reads WebDataset shards: tar files in which the files of one stem are one row."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa

from plait.data.sources.kinds import LABEL_ENDINGS, TEXT_ENDINGS, column_names, kind_of_ending
from plait.data.sources.rows import Rows
from plait.data.sources.spool import keep
from plait.errors import TableError
from plait.modalities.media import check_num_bytes

SHARD_ROWS = 64
SHARD_BYTES = 64 * 2**20


def read_shard(path: Path) -> Rows:
    """Return the rows of an uncompressed tar; media cells are bytes.

    Nothing is unpacked to disk: members are read in place, whatever their names say.

    Raises:
        TableError: Not a whole tar file, or nothing known inside.
    """

    def open_stream() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        names = column_names(kind for _, kind, _ in _members(path, with_data=False))
        if not names:
            raise TableError("the tar file holds no media of a known kind", path=path)
        fields = [(n, pa.string() if n in {"text", "label"} else pa.binary()) for n in names]
        schema = pa.schema(fields)
        return schema, _batches(path, schema)

    return keep(path, "shard", open_stream)


def _members(path: Path, *, with_data: bool) -> Iterator[tuple[str, str, bytes | str]]:
    """Give (stem, kind, content) of every file of a known kind."""
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                ending = name.suffix.lower()
                kind = kind_of_ending(ending)
                if kind is None or not member.isfile():
                    continue
                check_num_bytes(member.size, f"{path}: {member.name}")
                file = tar.extractfile(member) if with_data else None
                data: bytes | str = file.read() if file else b""
                if isinstance(data, bytes) and ending in TEXT_ENDINGS | LABEL_ENDINGS:
                    data = _text(data, path, member.name)
                yield str(name.with_suffix("")), kind, data
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise TableError(
            "the tar file cannot be read",
            expected="a whole tar file",
            received=str(error),
            path=path,
        ) from None


def _text(data: bytes, path: Path, member: str) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise TableError(
            "a text file in the tar file is not UTF-8 text",
            expected="UTF-8",
            received=f"the byte 0x{data[error.start]:02x} at place {error.start} of {member}",
            path=path,
            hint="recode it, and make the tar file anew",
        ) from None


def _batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    waiting: list[dict[str, bytes | str]] = []
    last, num_bytes = None, 0
    for stem, kind, data in _members(path, with_data=True):
        if stem != last:
            if len(waiting) == SHARD_ROWS or num_bytes > SHARD_BYTES:
                yield pa.RecordBatch.from_pylist(waiting, schema=schema)
                waiting, num_bytes = [], 0
            waiting.append({})
            last = stem
        waiting[-1][kind] = data
        num_bytes += len(data)
    if waiting:
        yield pa.RecordBatch.from_pylist(waiting, schema=schema)
