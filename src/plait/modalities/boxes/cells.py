"""Cells of boxes: JSON lists or dicts as people write them, or a path to a file of boxes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.errors import CellError, LimitError
from plait.modalities.boxes.boxes import RELATIVE, Boxes, make_boxes
from plait.modalities.boxes.files import ENDINGS, read_file
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media
from plait.types import Cell, is_missing

ORDERS = ("xywh", "xyxy", "cxcywh")
"""Of four bare numbers: left, top, width, height; left, top, right, bottom; or the middle first."""

CLASS_KEYS = ("class", "label", "category", "name", "class_name", "category_name", "category_id")
SCORE_KEYS = ("score", "confidence")
LIST_KEYS = ("bbox", "box")
NAMED = {
    "xyxy": (
        ("xmin", "ymin", "xmax", "ymax"),
        ("x1", "y1", "x2", "y2"),
        ("x0", "y0", "x1", "y1"),
        ("left", "top", "right", "bottom"),
    ),
    "xywh": (
        ("x", "y", "width", "height"),
        ("x", "y", "w", "h"),
        ("left", "top", "width", "height"),
    ),
    "cxcywh": (("cx", "cy", "w", "h"), ("cx", "cy", "width", "height")),
}
"""Order -> names under which its four numbers come."""

LARGEST_WHOLE = 10**18

EXPECTED = (
    '[{"class": "dog", "bbox": [left, top, width, height]}, ...], [["dog", 12, 8, 90, 60], ...], '
    "[] for nothing, or a path to an .xml (VOC), .txt (YOLO) or .csv file"
)


def read_cell(cell: Cell, media: Media, order: str, names: Sequence[str]) -> Boxes | None:
    """Return a cell's boxes, None where it holds nothing; ``[]`` is a picture without any.

    Args:
        cell: A list or dict, JSON of one, a path, or bytes of a file.
        media: Where paths are looked up.
        order: One of `ORDERS`: of four bare numbers.
        names: Classes of YOLO's numbers, in their order.

    Raises:
        CellError, LimitError: See the messages.
    """
    cell = _unpacked(cell)
    if not isinstance(cell, list | tuple) and is_missing(cell):
        return None
    if isinstance(cell, bytes | bytearray | memoryview) or _is_file(cell):
        return read_file(cell, media, names)
    value = _parsed(cell)
    size = None
    if isinstance(value, Mapping):
        size = _size_of(value)
        value = next(
            (value[key] for key in ("boxes", "annotations", "objects") if key in value), None
        )
    if not isinstance(value, list | tuple):
        raise _not_boxes(cell)
    items = [_item(one, order) for one in value]
    scores = [score for *_, score in items]
    corners = [corners for _, corners, _ in items]
    if size is None and corners and max(map(max, corners)) <= 1.0:
        size = RELATIVE
    known = [score for score in scores if score is not None]
    if known and len(known) < len(scores):
        raise CellError(
            "some boxes have a score and some have none", expected="all or none", received=cell
        )
    return make_boxes([name for name, *_ in items], corners, known if known else None, size)


def sureness(cell: Cell) -> float | None:
    """Return how much a cell looks like boxes, 0 to 1; None of one that tells nothing, ``[]``."""
    cell = _unpacked(cell)
    if isinstance(cell, str):
        text = cell.strip()
        if not text.startswith(("[", "{")) or len(text) > LIMITS.num_characters:
            return 0.0
        try:
            cell = json.loads(text)
        except (ValueError, RecursionError):
            return 0.0
    if isinstance(cell, Mapping):
        cell = next((cell[key] for key in ("boxes", "annotations") if key in cell), 0)
    if not isinstance(cell, list | tuple):
        return 0.0
    if not cell:
        return None
    try:
        return float(all(isinstance(one, list | tuple | Mapping) for one in cell)) * bool(
            [_item(one, "xywh") for one in cell[:20]]
        )
    except CellError:
        return 0.0


def bare_boxes(cell: Cell) -> list[list[float]]:
    """Return the numbers of the boxes in a cell whose order is not told by names."""
    cell = _unpacked(cell)
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return []
    if isinstance(cell, Mapping):
        cell = next((cell[key] for key in ("boxes", "annotations", "objects") if key in cell), ())
    if not isinstance(cell, list | tuple):
        return []
    listed = [_listed(one) if isinstance(one, Mapping) else one for one in cell]
    return [_four(one) for one in listed if isinstance(one, list | tuple) and len(_four(one)) == 4]


def _listed(one: Mapping[str, Any]) -> Any:
    """Return the bare numbers of a box that is told by names; None where these have names too."""
    return next((one[key] for key in LIST_KEYS if key in one), None)


def _unpacked(cell: Cell) -> Cell:
    """Return an array of Arrow or NumPy as a list."""
    return cell.tolist() if isinstance(cell, np.ndarray) else cell


def _is_file(cell: Cell) -> bool:
    if isinstance(cell, Mapping):
        return "path" in cell or "bytes" in cell
    return isinstance(cell, str) and cell.strip().lower().endswith(ENDINGS)


def _parsed(cell: Cell) -> Any:
    if not isinstance(cell, str):
        return cell
    if len(cell) > LIMITS.num_characters:
        raise LimitError(
            "the cell is too long",
            expected=f"at most {LIMITS.num_characters:,} characters",
            received=f"{len(cell):,}",
        )
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise _not_boxes(cell) from None


def _size_of(value: Mapping[str, Any]) -> tuple[float, float] | None:
    sides: tuple[Any, Any] = value.get("width"), value.get("height")
    if sides == (None, None):
        return None
    if not all(_is_number(side) and side > 0 for side in sides):
        raise CellError(
            "the picture's size is none", expected="width and height above 0", received=sides
        )
    return float(sides[0]), float(sides[1])


def _item(one: Any, order: str) -> tuple[str, list[float], float | None]:
    """Return class, corners and score of one box."""
    if isinstance(one, Mapping):
        return _of_dict(one, order)
    if not isinstance(one, list | tuple):
        raise _not_boxes(one)
    numbers, words = _four(one), [value for value in one if isinstance(value, str)]
    if len(words) != 1 or len(numbers) not in (4, 5) or len(one) != len(numbers) + 1:
        raise _not_boxes(one)
    score = numbers[4] if len(numbers) == 5 else None
    return words[0], as_corners(numbers[:4], order), score


def _of_dict(one: Mapping[str, Any], order: str) -> tuple[str, list[float], float | None]:
    name = next((one[key] for key in CLASS_KEYS if key in one), None)
    score = next((one[key] for key in SCORE_KEYS if key in one), None)
    if isinstance(name, Mapping) or name is None or not (score is None or _is_number(score)):
        raise _not_boxes(one)
    listed = _listed(one)
    if isinstance(listed, Mapping):
        one, listed = listed, None
    if isinstance(listed, list | tuple) and len(listed) == 4 and all(map(_is_number, listed)):
        corners = as_corners([float(value) for value in listed], order)
        return str(name), corners, None if score is None else float(score)
    for kind, every in NAMED.items():
        for keys in every:
            if all(_is_number(one.get(key)) for key in keys):
                corners = as_corners([float(one[key]) for key in keys], kind)
                return str(name), corners, None if score is None else float(score)
    raise _not_boxes(dict(one))


def as_corners(four: Sequence[float], order: str) -> list[float]:
    """Return left, top, right and bottom of four numbers in an order.

    >>> as_corners([10, 20, 4, 8], "xywh"), as_corners([10, 20, 4, 8], "cxcywh")
    ([10, 20, 14, 28], [8.0, 16.0, 12.0, 24.0])
    """
    a, b, c, d = four
    if order == "xyxy":
        return [a, b, c, d]
    if order == "cxcywh":
        return [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
    return [a, b, a + c, b + d]


def _four(one: Sequence[Any]) -> list[float]:
    return [float(value) for value in one if _is_number(value)]


def _is_number(value: Any) -> bool:
    """Tell whether it is a number; JSON may hold whole ones that no float does."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < LARGEST_WHOLE


def _not_boxes(cell: Any) -> CellError:
    return CellError("not boxes", expected=EXPECTED, received=cell)
