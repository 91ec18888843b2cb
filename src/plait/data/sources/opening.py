"""Chooses the reader of a source by what it is and how its name ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from plait.data.sources.arrow import read_arrow, read_parquet
from plait.data.sources.delimited import read_delimited
from plait.data.sources.folder import read_folder, table_inside
from plait.data.sources.frames import read_frame
from plait.data.sources.json_lines import read_json
from plait.data.sources.rows import Rows
from plait.data.sources.shards import read_shard
from plait.errors import TableError

PARQUET_ENDINGS = frozenset({".parquet", ".pq"})
ARROW_ENDINGS = frozenset({".arrow", ".feather", ".ipc"})
JSON_ENDINGS = frozenset({".jsonl", ".ndjson", ".json"})


def open_source(source: Any, *, encoding: str | None = None) -> tuple[Rows, str, Path]:
    """Return the rows, a name for reports, and the folder that path cells are relative to.

    Raises:
        TableError: The source does not exist, or is nothing that holds rows.
    """
    if not isinstance(source, str | os.PathLike):
        rows = read_frame(source)
        if rows is None:
            raise TableError(
                "this is not a table",
                expected="a path, a DataFrame, an Arrow table, or a list of dicts",
                received=type(source).__name__,
            )
        return rows, "table", Path.cwd()
    path = Path(source).expanduser()
    try:
        return _open_path(path, encoding)
    except PermissionError:
        raise TableError(
            "the table may not be read",
            expected="permission to read it",
            path=path,
            hint="check the file's owner and mode",
        ) from None


def _open_path(path: Path, encoding: str | None) -> tuple[Rows, str, Path]:
    if path.is_dir():
        inside = table_inside(path)
        if inside is not None:
            return _read_file(inside, encoding), path.resolve().name, path
        return read_folder(path, encoding=encoding), path.resolve().name, path
    if not path.exists():
        raise TableError(
            "the table does not exist",
            expected="a file or folder",
            path=path,
            hint=_similar(path),
        )
    if not path.is_file():
        raise TableError("the table is not a regular file", path=path)
    return _read_file(path, encoding), path.name, path.resolve().parent


def _read_file(path: Path, encoding: str | None) -> Rows:
    ending = path.suffix.lower()
    if not path.stat().st_size:
        raise TableError("the table is empty", expected="a header line and rows", path=path)
    if ending in PARQUET_ENDINGS:
        return read_parquet(path)
    if ending in ARROW_ENDINGS:
        return read_arrow(path)
    if ending in JSON_ENDINGS:
        return read_json(path, encoding=encoding)
    if ending == ".tar":
        return read_shard(path)
    return read_delimited(path, encoding=encoding)


def _similar(path: Path) -> str:
    import difflib

    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, 1)
    return f"did you mean {path.parent / close[0]}?" if close else "check the path"
