"""The inside of .xlsx files: sheets, shared strings, and numbers that are dates by their style."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

from plait.data.sources.header import MAX_COLUMNS
from plait.data.sources.serials import Kind, as_text, kind_of_format
from plait.data.sources.xml_parts import local, parts, root_of
from plait.data.sources.zipped import Allowance
from plait.errors import TableError

WORKBOOK = "xl/workbook.xml"
MAX_ROWS = 2**24
_PLACE = re.compile(r"([A-Z]{1,4})(\d{1,9})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def sheet_names(file: zipfile.ZipFile, allowance: Allowance, path: Path) -> list[str]:
    """Return the names of the sheets with cells, in their order; charts are none."""
    if "xl/workbook.bin" in file.namelist():
        raise TableError(
            "the spreadsheet is of the binary format",
            expected=".xlsx or .ods",
            received=".xlsb",
            path=path,
            hint="save it as .xlsx or CSV",
        )
    return [name for name, _ in _sheets(file, allowance)]


def lines(
    file: zipfile.ZipFile, place: int, allowance: Allowance
) -> Iterator[tuple[int, dict[int, str]]]:
    """Yield (number from 0, column -> text) of the rows of a sheet that have any cell."""
    strings = _strings(file, allowance)
    kinds = _kinds(file, allowance)
    since_1904 = _since_1904(file, allowance)
    to_text = partial(_text, strings=strings, kinds=kinds, since_1904=since_1904)
    member = _sheets(file, allowance)[place][1]
    cells: dict[int, str] = {}
    row, column = -1, 0
    for event, part in parts(file, member, allowance, ends={"c", "row"}, starts={"row"}):
        if event == "start":
            row, column, cells = _row_number(part, row + 1), 0, {}
        elif local(part) == "c":
            column = _column(part, column)
            text = to_text(part)
            if text:
                cells[column] = text
            column += 1
            part.clear()
        else:
            yield row, cells


def _sheets(file: zipfile.ZipFile, allowance: Allowance) -> list[tuple[str, str]]:
    """Return (name, member) of the sheets."""
    targets: dict[str, str] = {}
    for link in root_of(file, "xl/_rels/workbook.xml.rels", allowance):
        if link.get("Type", "").endswith("/worksheet"):
            targets[link.get("Id", "")] = _member(link.get("Target", ""))
    found = []
    for sheet in root_of(file, WORKBOOK, allowance).iter():
        if local(sheet) == "sheet":
            ids = [value for name, value in sheet.attrib.items() if name.endswith("}id")]
            found += [(sheet.get("name", ""), targets[id_]) for id_ in ids if id_ in targets]
    return found


def _member(target: str) -> str:
    return target[1:] if target.startswith("/") else str(PurePosixPath("xl") / target)


def _strings(file: zipfile.ZipFile, allowance: Allowance) -> list[str]:
    member = "xl/sharedStrings.xml"
    if member not in file.namelist():
        return []
    found = []
    for _, part in parts(file, member, allowance, ends={"si"}):
        found.append(_rich_text(part))
        part.clear()
    return found


def _rich_text(part: Element) -> str:
    """Join the runs of a text, without the reading aids (``rPh``) of East Asian ones."""
    runs = []
    for child in part:
        if local(child) == "t":
            runs.append(child.text or "")
        elif local(child) == "r":
            runs += [t.text or "" for t in child if local(t) == "t"]
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), "".join(runs))


def _kinds(file: zipfile.ZipFile, allowance: Allowance) -> list[Kind]:
    """Return for each style of a cell whether its number is a date, a time, or neither."""
    if "xl/styles.xml" not in file.namelist():
        return []
    formats: dict[str, str] = {}
    kinds: list[Kind] = []
    for part in root_of(file, "xl/styles.xml", allowance):
        if local(part) == "numFmts":
            formats |= {f.get("numFmtId", ""): f.get("formatCode", "") for f in part}
        elif local(part) == "cellXfs":
            kinds = [_kind(style.get("numFmtId", "0"), formats) for style in part]
    return kinds


def _kind(number: str, formats: dict[str, str]) -> Kind:
    return kind_of_format(int(number) if number.isdecimal() else 0, formats.get(number))


def _since_1904(file: zipfile.ZipFile, allowance: Allowance) -> bool:
    for part in root_of(file, WORKBOOK, allowance):
        if local(part) == "workbookPr":
            return part.get("date1904", "0").lower() in ("1", "true")
    return False


def _row_number(part: Element, expected: int) -> int:
    given = part.get("r", "")
    number = int(given) - 1 if given.isdecimal() and len(given) < 10 else expected
    if not expected <= number < MAX_ROWS:
        raise ValueError(f"row {given} comes after row {expected}")
    return number


def _column(part: Element, expected: int) -> int:
    found = _PLACE.fullmatch(part.get("r", ""))
    if found is None:
        number = expected
    else:
        number = 0
        for letter in found[1]:
            number = 26 * number + ord(letter) - 64
        number -= 1
    if not expected <= number < MAX_COLUMNS:
        raise ValueError(f"the cell {part.get('r')} is out of order, or beyond the limit")
    return number


def _text(part: Element, *, strings: list[str], kinds: list[Kind], since_1904: bool) -> str:
    kind = part.get("t", "n")
    value = next((child.text or "" for child in part if local(child) == "v"), "")
    if kind == "inlineStr":
        return "".join(_rich_text(child) for child in part if local(child) == "is")
    if not value:
        _check_calculated(part)
    if kind == "e" or not value:
        return ""
    if kind == "s":
        return strings[_index(value, len(strings))]
    if kind == "b":
        return "true" if value.strip() in ("1", "true") else "false"
    if kind in ("str", "d"):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    style = part.get("s", "0")
    style_number = _index(style, len(kinds)) if kinds and style.isdecimal() else None
    shown = kinds[style_number] if style_number is not None else "number"
    return value.strip() if shown == "number" else as_text(value, shown, since_1904)


def _check_calculated(part: Element) -> None:
    names = {local(child) for child in part}
    if "f" in names and "v" not in names:
        raise ValueError(
            f"the formula in {part.get('r', 'a cell')} has no result: open the file in a "
            "spreadsheet program, which calculates it, and save it"
        )


def _index(text: str, num: int) -> int:
    number = int(text) if text.strip().isdecimal() and len(text) < 12 else -1
    if not 0 <= number < num:
        raise ValueError(f"there is no shared text or style {text}")
    return number
