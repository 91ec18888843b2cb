"""Keeps a stream of record batches: in memory when small, else in an Arrow file in the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa

from plait.data.cache import HINT, cache_folder, mark_used, new_entry
from plait.data.sources.arrow_names import notes_of
from plait.data.sources.file_rows import FileRows
from plait.data.sources.rows import MemoryRows, Rows, no_rows
from plait.errors import TableError
from plait.storing import storage_failure

MEMORY_BYTES = 8 * 2**20
"""Tables up to this size are simply held in memory."""

VERSION = 2
"""Raised whenever a file would be read as other cells than before: caches are then made anew."""

BATCH_BYTES = 4 * 2**20
BATCH_ROWS = 8192

Stream = Callable[[], tuple[pa.Schema, Iterator[pa.RecordBatch]]]
"""Opens a source: its schema and its batches, read one at a time."""


def keep(path: Path, settings: str, open_stream: Stream) -> Rows:
    """Return the rows of a stream, converted at most once per content of `path`.

    Args:
        path: The file the rows come from.
        settings: Whatever else the rows depend on (encoding, delimiter).
        open_stream: Called only when the cache has no copy.

    Raises:
        TableError: When the stream has no rows or cannot be kept.
    """
    key = file_key(path, settings)
    found = kept(path, settings)
    if found is not None:
        return found
    schema, batches = open_stream()
    first, total = [], 0
    for batch in batches:
        first.append(batch)
        total += batch.nbytes
        if total > MEMORY_BYTES:
            _write(key, schema, chain(first, batches))
            pa.default_memory_pool().release_unused()
            written = _open_kept(key)
            if written is None:
                raise TableError("the cached copy of the table cannot be read", path=path)
            return written
    table = pa.Table.from_batches(first, schema)
    if not table.num_rows:
        raise no_rows(path)
    rows = MemoryRows(dict(zip(table.column_names, table.columns, strict=True)), key=key)
    rows.notes = notes_of(schema)
    return rows


def kept(path: Path, settings: str) -> Rows | None:
    """Return the rows of a large file that `keep` converted before, or None."""
    if path.stat().st_size <= MEMORY_BYTES // 8:
        return None
    return _open_kept(file_key(path, settings))


def file_key(path: Path, settings: str) -> str:
    """Return a key of a file's content (small files) or path, size and time (large ones)."""
    stat = path.stat()
    digest = hashlib.sha256(f"{VERSION}|{settings}".encode())
    if stat.st_size <= MEMORY_BYTES:
        digest.update(path.read_bytes())
    else:
        digest.update(f"{os.path.realpath(path)}|{stat.st_size}|{stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def _open_kept(key: str) -> FileRows | None:
    """Open the cached copy; None when there is none or it is damaged (it is then written anew)."""
    file = cache_folder("tables") / key[:32] / "rows.arrow"
    if not file.is_file():
        return None
    try:
        rows = FileRows(file, key=key)
    except (pa.ArrowException, OSError) as error:
        failure = storage_failure(error, file, hint=HINT)
        if failure is not None and file.is_file():
            raise failure from error
        return None
    mark_used(file.parent)
    return rows


def _write(key: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with new_entry(cache_folder("tables"), key[:32]) as folder:
        file = str(folder / "rows.arrow")
        with pa.OSFile(file, "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as out:
            for batch in _even_batches(schema, batches):
                out.write_batch(batch)


def _even_batches(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut a stream into batches of one number of rows, chosen so that each is a few megabytes."""
    waiting: list[pa.RecordBatch] = []
    num_rows = size = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        size = size or max(1, min(BATCH_ROWS, BATCH_BYTES * batch.num_rows // (batch.nbytes + 1)))
        waiting.append(batch)
        num_rows += batch.num_rows
        if num_rows >= size:
            whole = num_rows // size * size
            table = pa.Table.from_batches(waiting, schema)
            yield from table.slice(0, whole).combine_chunks().to_batches(max_chunksize=size)
            waiting = table.slice(whole).to_batches()
            num_rows -= whole
    if num_rows:
        yield from pa.Table.from_batches(waiting, schema).combine_chunks().to_batches()
