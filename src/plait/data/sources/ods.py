"""The inside of .ods files: tables of rows that may stand for many, of cells likewise."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from plait.data.sources.header import MAX_COLUMNS
from plait.data.sources.xml_parts import local, parts
from plait.data.sources.zipped import Allowance, locked

CONTENT = "content.xml"
MANIFEST = "META-INF/manifest.xml"
MAX_ROWS = 2**24
_SPAN = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
VALUES = {"float": "value", "percentage": "value", "currency": "value", "boolean": "boolean-value"}


def sheet_names(file: zipfile.ZipFile, allowance: Allowance, path: Path) -> list[str]:
    """Return the names of the tables. Raises `TableError` when a password is needed."""
    if MANIFEST in file.namelist():
        for _, part in parts(file, MANIFEST, allowance, ends={"encryption-data"}):
            if local(part) == "encryption-data":
                raise locked("spreadsheet", path)
    found = parts(file, CONTENT, allowance, ends={"table-row"}, starts={"table"})
    return [_get(part, "name") or "" for event, part in found if event == "start"]


def lines(
    file: zipfile.ZipFile, place: int, allowance: Allowance
) -> Iterator[tuple[int, dict[int, str]]]:
    """Yield (number from 0, column -> text) of the rows of a table."""
    number, row = -1, 0
    for event, part in parts(
        file, CONTENT, allowance, ends={"table-row", "table"}, starts={"table"}
    ):
        if event == "start":
            number += 1
        elif number == place and local(part) == "table":
            return
        elif number == place and local(part) == "table-row":
            cells, repeated = _cells(part), _repeats(part, "number-rows-repeated")
            if row + repeated > MAX_ROWS and cells:
                raise ValueError(f"more than {MAX_ROWS} rows")
            # Empty rows stand for many; rows with cells count against what may come out.
            for place_in in range(repeated if cells else 1):
                allowance.spend(sum(map(len, cells.values())))
                yield row + place_in, cells
            row += repeated


def _cells(row: Element) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = 0
    for part in row:
        if local(part) not in ("table-cell", "covered-table-cell"):
            continue
        text, repeated = _text(part), _repeats(part, "number-columns-repeated")
        if text:
            if column + repeated > MAX_COLUMNS:
                raise ValueError(f"more than {MAX_COLUMNS} columns")
            cells.update(dict.fromkeys(range(column, column + repeated), text))
        column += repeated
    return cells


def _repeats(part: Element, name: str) -> int:
    given = _get(part, name) or "1"
    if not given.isdecimal() or len(given) > 9:
        raise ValueError(f"{name} is {given[:20]}")
    return max(1, int(given))


def _text(cell: Element) -> str:
    kind = _get(cell, "value-type")
    if kind in VALUES:
        return _get(cell, VALUES[kind]) or ""
    if kind == "date":
        return (_get(cell, "date-value") or "").replace("T", " ")
    if kind == "time":
        given = _get(cell, "time-value") or ""
        found = _SPAN.fullmatch(given)
        return given if found is None else ":".join(part.zfill(2) for part in found.groups())
    said = _get(cell, "string-value")
    if said is not None:
        return said
    return "\n".join(_paragraph(part) for part in cell if local(part) == "p")


def _paragraph(part: Element) -> str:
    pieces = [part.text or ""]
    for child in part:
        name = local(child)
        if name == "s":
            pieces.append(" " * min(_repeats(child, "c"), 1000))
        elif name in ("tab", "line-break"):
            pieces.append("\t" if name == "tab" else "\n")
        elif name not in ("annotation", "note"):
            pieces.append(_paragraph(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _get(part: Element, name: str) -> str | None:
    """Return an attribute by its name without a namespace."""
    for key, value in part.attrib.items():
        if key.rpartition("}")[2] == name:
            return value
    return None
