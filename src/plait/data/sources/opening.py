"""Chooses the reader of a source by what it is and how its name ends."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plait.data.sources.arrow import read_arrow, read_parquet
from plait.data.sources.coco import is_coco, read_coco
from plait.data.sources.delimited import read_delimited
from plait.data.sources.folder import read_folder, table_inside
from plait.data.sources.formats import Format
from plait.data.sources.frames import read_frame
from plait.data.sources.json_lines import read_json
from plait.data.sources.packed import MAGIC, PACKED_ENDINGS, unpacked
from plait.data.sources.rows import Opened, Rows
from plait.data.sources.shards import read_shard
from plait.data.sources.sheets import SHEET_ENDINGS, read_sheet
from plait.data.sources.standard_input import STDIN, spooled
from plait.errors import PlaitError, TableError

PARQUET_ENDINGS = frozenset({".parquet", ".pq"})
ARROW_ENDINGS = frozenset({".arrow", ".feather", ".ipc"})
JSON_ENDINGS = frozenset({".jsonl", ".ndjson", ".json"})
BUNDLE = ("manifest.json", "model.json", "schema.json")
"""Files by which a folder is known to be what ``plait fit`` wrote."""

MAX_LAYERS = 3
"""How often a table may be packed within a packed file: ``shop.zip`` with ``shop.csv.gz``."""


def open_source(source: Any, said: Format | None = None) -> Opened:
    """Return the rows, a name for reports, and the folder that path cells are relative to.

    Raises:
        TableError: The source does not exist, or is nothing that holds rows.
        UsageError: Something was said of its format that its kind does not have.
    """
    said = said or Format()
    if not isinstance(source, str | os.PathLike):
        said.refuse("encoding", "delimiter", "sheet", kind="a table in memory")
        rows = read_frame(source)
        if rows is None:
            raise TableError(
                "this is not a table",
                expected="a path, a DataFrame, an Arrow table, or a list of dicts",
                received=type(source).__name__,
            )
        return Opened(rows, "table", Path.cwd())
    if os.fspath(source) == STDIN:
        return _open_standard_input(said)
    path, said = _with_sheet(Path(source).expanduser(), said)
    try:
        return _open_path(path, said)
    except PermissionError:
        raise TableError(
            "the table may not be read",
            expected="permission to read it",
            path=path,
            hint="check the file's owner and mode",
        ) from None


def _open_standard_input(said: Format) -> Opened:
    with spooled() as path:
        layers = 0
        with _told_as(path, "standard input"):
            while path.suffix in MAGIC and layers < MAX_LAYERS:
                inside = unpacked(path, path.parent)
                path, layers = inside.rename(inside.with_suffix(".csv")), layers + 1
            return Opened(_read_file(path, said), "standard input", Path.cwd())


def _with_sheet(path: Path, said: Format) -> tuple[Path, Format]:
    """Split ``shop.xlsx#Prices`` into the file and the sheet."""
    name, mark, sheet = str(path).rpartition("#")
    named = Path(name)
    if mark and sheet and named.suffix.lower() in SHEET_ENDINGS and not path.exists():
        return named, said.of_sheet(sheet)
    return path, said


def _open_path(path: Path, said: Format, layers: int = 0) -> Opened:
    if not path.exists():
        raise TableError(
            "the table does not exist",
            expected="a file or folder",
            path=path,
            hint=_similar(path),
        ).of_call()
    if path.is_dir():
        _check_no_bundle(path)
        return _open_folder(path, said, layers)
    if not path.is_file():
        raise TableError("the table is not a regular file", path=path)
    _check_not_empty(path)
    if path.suffix.lower() in PACKED_ENDINGS:
        return _open_packed(path, said, layers)
    return Opened(_read_file(path, said), path.name, path.resolve().parent)


def _check_no_bundle(folder: Path) -> None:
    if all((folder / name).is_file() for name in BUNDLE):
        raise TableError(
            "this is a bundle, not a table",
            expected="a file of rows, or a folder of media",
            path=folder,
            hint=f"plait report {folder} shows what is in it",
        ).of_call()


def _open_folder(path: Path, said: Format, layers: int) -> Opened:
    inside = table_inside(path)
    if inside is None:
        return Opened(read_folder(path, said), path.resolve().name, path)
    return _open_path(inside, said, layers)._replace(name=path.resolve().name, folder=path)


def _open_packed(path: Path, said: Format, layers: int) -> Opened:
    if layers == MAX_LAYERS:
        raise TableError(
            "the table is packed too often",
            expected=f"at most {MAX_LAYERS} layers",
            path=path,
            hint="unpack it yourself and name the file inside",
        )
    inside = unpacked(path)
    with _told_as(inside, path):
        if inside.is_dir():
            return _open_path(_only_folder(inside), said, layers + 1)._replace(name=path.name)
        found = _open_path(inside, said, layers + 1)
    return Opened(found.rows, path.name, path.resolve().parent)


def _only_folder(folder: Path) -> Path:
    """Step into the one folder that most archives hold everything in."""
    files = [f for f in folder.iterdir() if not f.name.startswith(".")]
    is_split = len(files) == 1 and files[0].is_dir() and _has_files(files[0])
    return files[0] if is_split else folder


def _has_files(folder: Path) -> bool:
    return any(file.is_file() for file in folder.iterdir())


@contextmanager
def _told_as(inside: Path, path: Path | str) -> Iterator[None]:
    """Let errors about a file unpacked somewhere name the file that people know."""
    try:
        yield
    except PlaitError as error:
        if error.path is not None:
            error.path = error.path.replace(str(inside), str(path))
        raise


def _check_not_empty(path: Path) -> None:
    if not path.stat().st_size:
        raise TableError(
            "the table is empty",
            expected="a header line and rows",
            path=path,
            hint="was the file written to its end?",
        )


def _read_file(path: Path, said: Format) -> Rows:
    ending = path.suffix.lower()
    _check_not_empty(path)
    if ending in PARQUET_ENDINGS | ARROW_ENDINGS | {".tar"}:
        said.refuse("encoding", "delimiter", "sheet", kind=f"a {ending} file", path=path)
    if ending in PARQUET_ENDINGS:
        return read_parquet(path)
    if ending in ARROW_ENDINGS:
        return read_arrow(path)
    if ending == ".json" and is_coco(path):
        said.refuse("encoding", "delimiter", "sheet", kind="COCO's JSON", path=path)
        return read_coco(path)
    if ending in JSON_ENDINGS:
        return read_json(path, said)
    if ending in SHEET_ENDINGS:
        return read_sheet(path, said)
    if ending == ".tar":
        return read_shard(path)
    return read_delimited(path, said)


def _similar(path: Path) -> str:
    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, 1)
    return f"did you mean {path.parent / close[0]}?" if close else "check the path"
