"""Files of boxes: VOC's XML, YOLO's text, or a CSV with a row for each box."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree

from plait.errors import CellError
from plait.modalities.boxes.boxes import RELATIVE, Boxes, make_boxes
from plait.modalities.media import Media
from plait.types import Cell

ENDINGS = (".xml", ".txt", ".csv")
CLASSES_FILE, DATA_FILE = "classes.txt", "data.yaml"
"""Beside YOLO's files or above them: the names of its numbers, one a line, or as ``names``."""

CSV_CLASSES = ("class", "label", "category", "name")
CSV_SIDES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
)


def read_file(cell: Cell, media: Media, names: Sequence[str]) -> Boxes:
    """Return the boxes of a file, or of its bytes.

    Args:
        cell: A path, bytes, or a dict of both.
        media: Where paths are looked up.
        names: Classes of YOLO's numbers; where there are none, those of a ``classes.txt`` or
            ``data.yaml`` beside the file, or in a folder above.

    Raises:
        CellError: See the messages; a file of an unknown kind too.
    """
    path = (
        cell.get("path") if isinstance(cell, Mapping) else cell if isinstance(cell, str) else None
    )
    ending = PurePath(path).suffix.lower() if path else ""
    inline = not isinstance(cell, str) and not (isinstance(cell, Mapping) and not cell.get("bytes"))
    if ending == ".txt" and not inline and media.locate(str(path)).stat().st_size == 0:
        return make_boxes([], [], None, RELATIVE)
    text = _text(media.read_bytes(cell))
    try:
        if ending == ".xml" or text.lstrip().startswith("<"):
            return _voc(text)
        if ending == ".csv":
            return _table(text)
        return _yolo(text, names or _classes_beside(path, media))
    except CellError as error:
        raise error.at(path=path) from None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CellError(
            "a file of boxes is not UTF-8 text", expected="XML, YOLO text or CSV", received=error
        ) from None


def _voc(text: str) -> Boxes:
    """Read an annotation of Pascal VOC.

    Numbers are taken for the edges of a box, as most tools write them. VOC itself numbers pixels
    from 1, the first and the last of a box (Everingham et al. 2010, development kit); a file does
    not tell which is meant, but for a box of the same first and last pixel, which is that pixel.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise CellError("an XML file defines a document type", expected="plain VOC annotations")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314
    except ElementTree.ParseError as error:
        raise CellError(
            "the XML cannot be read", expected="a VOC annotation", received=error
        ) from None
    if root.tag != "annotation":
        raise CellError("the XML is no VOC annotation", expected="<annotation>", received=root.tag)
    names, corners = [], []
    for thing in root.iter("object"):
        names.append((thing.findtext("name") or "").strip())
        box = thing.find("bndbox")
        corners.append([_number(None if box is None else box.findtext(key), key)
                        for key in ("xmin", "ymin", "xmax", "ymax")])  # fmt: skip
    width, height = (root.findtext(f"size/{side}") for side in ("width", "height"))
    size = None
    if width and height and _number(width, "width") > 0 and _number(height, "height") > 0:
        size = _number(width, "width"), _number(height, "height")
    return make_boxes(names, corners if size == RELATIVE else _pixels(corners), None, size)


def _pixels(corners: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return corners, of which those that name a single pixel across or down have its edges."""
    found = [list(sides) for sides in corners]
    for sides in found:
        for low, high in ((0, 2), (1, 3)):
            if sides[low] == sides[high] >= 0 and sides[low].is_integer():
                sides[high] = max(sides[high], 1.0)  # of tools that count from 0
                sides[low] = sides[high] - 1.0
    return found


def _yolo(text: str, names: Sequence[str]) -> Boxes:
    """Read lines of a class's number, and middle, width and height as shares of the picture."""
    found, corners, scores = [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) not in (5, 6) or not parts[0].isdigit():
            raise CellError(
                "a line is none of YOLO's",
                expected="class x y width height, the class a number and the others shares",
                received=f"line {number}: {line[:80]}",
            )
        x, y, width, height, *score = (_number(part, "a share") for part in parts[1:])
        found.append(_named(int(parts[0]), names, number))
        corners.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        scores += score
    if scores and len(scores) < len(found):
        raise CellError("some lines have a score and some have none", expected="all or none")
    return make_boxes(found, corners, scores or None, RELATIVE)


def _named(number: int, names: Sequence[str], line: int) -> str:
    if not names:
        return str(number)
    if number >= len(names):
        raise CellError(
            "a class has no name",
            expected=f"0 to {len(names) - 1}, for {len(names)} classes are named",
            received=f"line {line}: class {number}",
            hint="name the classes in their order: --columns \"NAME=boxes{names: ['cat', 'dog']}\"",
        )
    return names[number]


def _classes_beside(path: Any, media: Media) -> list[str]:
    """Return the names that a file beside a file, or above its folder, tells; none without one."""
    if not path:
        return []
    for place in PurePath(str(path)).parents:
        for name in (CLASSES_FILE, DATA_FILE):
            try:
                text = _text(media.read_bytes(str(place / name)))
            except CellError:
                continue
            if found := _names_in(text, place / name):
                return found
    return []


def _names_in(text: str, file: PurePath) -> list[str]:
    if file.name == CLASSES_FILE:
        return _names_of_lines(text, file)
    import yaml

    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return []
    names = told.get("names") if isinstance(told, Mapping) else None
    if isinstance(names, Mapping):
        numbers = sorted(key for key in names if isinstance(key, int))
        names = [names[key] for key in numbers] if numbers == list(range(len(names))) else None
    return [str(one) for one in names] if isinstance(names, list) else []


def _names_of_lines(text: str, file: PurePath) -> list[str]:
    """Return a name a line. Raises `CellError` for a line without one, by which all behind it would
    have other numbers; after the last name there may be some."""
    names = [line.strip() for line in text.rstrip().splitlines()]
    if "" in names:
        raise CellError(
            "a class of YOLO's numbers has no name",
            expected="a name on every line, for the first is 0, the second 1 and so on",
            received=f"line {names.index('') + 1} of {file.as_posix()}, which is empty",
            hint="take the line out, or name a class there",
        )
    return names


def _table(text: str) -> Boxes:
    rows = list(csv.DictReader(io.StringIO(text)))
    header = [] if not rows else [str(name) for name in rows[0]]
    name = next((one for one in CSV_CLASSES if one in header), None)
    keys = next((every for every in CSV_SIDES if all(key in header for key in every)), None)
    if rows and (name is None or keys is None):
        raise CellError(
            "a CSV of boxes lacks columns",
            expected="class, x, y, width, height; or class, xmin, ymin, xmax, ymax",
            received=", ".join(header),
        )
    found, corners, scores = [], [], []
    for row in rows if name and keys else ():
        a, b, c, d = (_number(row[key], key) for key in keys or ())
        found.append(str(row[str(name)] or ""))
        corners.append([a, b, c, d] if keys in CSV_SIDES[:2] else [a, b, a + c, b + d])
        scores += [_number(row["score"], "score")] if row.get("score") else []
    if scores and len(scores) < len(found):
        raise CellError("some rows have a score and some have none", expected="all or none")
    return make_boxes(found, corners, scores or None, None)


def _number(text: str | None, what: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CellError("a number of a box is none", expected=what, received=text)
    return value
