"""Reads the objects of JSON lines, or of a JSON list, into memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plait.data.sources.dicts import from_dicts
from plait.data.sources.encodings import NotText, encoding_of
from plait.data.sources.names import clean_names, notes_on
from plait.data.sources.rows import MemoryRows, no_rows
from plait.errors import TableError

MAX_LINE_CHARACTERS = 256 * 2**20


def held(objects: list[dict[str, Any]]) -> MemoryRows:
    """Return objects as rows, under clean names; a key that one lacks is a missing cell."""
    names = list(dict.fromkeys(name for cells in objects for name in cells))
    clean = clean_names(names)
    if clean != names:
        under = dict(zip(names, clean, strict=True))
        objects = [{under[name]: cell for name, cell in cells.items()} for cells in objects]
    rows = from_dicts(objects)
    rows.notes = notes_on(names, clean)
    return rows


def json_encoding(path: Path, said: str | None) -> tuple[str, tuple[str, ...]]:
    """Return Python's name of a file's encoding, and what to tell of it. Raises `TableError`."""
    try:
        found = encoding_of(path, said)
    except NotText as failure:
        raise failure.error.at(path=path) from None
    name = "utf-8-sig" if found.name == "utf-8" else found.name
    return name, (found.note,) if found.note else ()


def is_list(path: Path, encoding: str) -> bool:
    """Tell whether a file is one list, and not an object per line."""
    with path.open(encoding=encoding, errors="replace") as file:
        return file.read(1024).lstrip("\ufeff \r\n\t").startswith("[")


def objects_of(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a file. Raises `TableError`: not text, not JSON, a row that is none."""
    try:
        with path.open(encoding=encoding) as file:
            values = json.load(file) if is_list(path, encoding) else _lines(file, path)
            row = -1
            for row, value in enumerate(values):
                if not isinstance(value, dict):
                    raise _not_an_object(value, row, path)
                yield value
            if row < 0:
                raise no_rows(path)
    except UnicodeError as error:
        raise TableError(
            f"the table is not {encoding.upper()} text",
            expected="JSON in UTF-8, or in the encoding named",
            received=str(error),
            path=path,
            hint="name the encoding, for example --encoding latin-1",
        ) from None
    except (ValueError, RecursionError) as error:
        raise _not_json(error, None, path) from None


def _lines(file: Any, path: Path) -> Iterator[Any]:
    row = 0
    while line := file.readline(MAX_LINE_CHARACTERS + 1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise TableError(
                "a row is too long",
                expected=f"at most {MAX_LINE_CHARACTERS // 2**20} million characters",
                row=row,
                path=path,
                hint="put large values into files beside the table, and their paths into the cells",
            )
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _not_json(error, row, path) from None
        row += 1


def _not_an_object(value: Any, row: int, path: Path) -> TableError:
    return TableError(
        "a row is not a JSON object",
        expected='one object per line, such as {"text": "warm", "price": 3}',
        received=value,
        row=row,
        path=path,
    )


def _not_json(error: Exception, row: int | None, path: Path) -> TableError:
    received = str(error)
    if row is not None and isinstance(error, json.JSONDecodeError):
        received = f"{error.msg} at character {error.pos}"
    return TableError(
        "the row is not JSON" if row is not None else "the file is not JSON",
        expected="one JSON object per line, or a list of objects",
        received=received,
        row=row,
        path=path,
        hint="was the file written to its end?",
    )
