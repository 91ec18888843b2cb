"""Reads COCO's object detection JSON: a row per picture, with its boxes in one cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.data.sources.rows import MemoryRows
from plait.data.sources.spool import file_key
from plait.errors import TableError
from plait.types import Cell

MAX_BYTES = 2**30
HEAD_CHARACTERS = 65_536
ID = (int, str)
PICTURE_FOLDERS = ("", "images", "JPEGImages")
"""Where pictures lie beside the file, tried in turn."""


def is_coco(path: Path) -> bool:
    """Tell whether a JSON file is one object that lists images and annotations."""
    if path.suffix.lower() != ".json" or path.stat().st_size > MAX_BYTES:
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        if not file.read(HEAD_CHARACTERS).lstrip().startswith("{"):
            return False
        file.seek(0)
        try:
            found = json.load(file)
        except (ValueError, RecursionError):
            return False
    return isinstance(found, dict) and {"images", "annotations"} <= found.keys()


def read_coco(path: Path) -> MemoryRows:
    """Return ``image`` (paths) and ``boxes`` (JSON) of every picture, ``[]`` of an empty one.

    Crowds (``iscrowd``) are no single things, and left out.

    Raises:
        TableError: A category without a name, an id that is none or that two have, an annotation
            of no picture or category of the file, or one without a box.
    """
    with path.open(encoding="utf-8-sig") as file:
        told = json.load(file)
    categories = _by_id(told, "categories", path)
    names = {key: one.get("name") for key, one in categories.items()}
    for one in categories.values():
        if not str(one.get("name") or "").strip():
            raise TableError(
                "a category has no name", expected='{"id": 1, "name": "dog"}', received=one,
                path=path,
            )  # fmt: skip
    pictures = list(_by_id(told, "images", path).values())
    if not pictures:
        raise TableError("the table has no rows", expected="at least one image", path=path)
    boxes: dict[Any, list[dict[str, Any]]] = {one.get("id"): [] for one in pictures}
    crowds = 0
    for number, one in enumerate(_listed(told, "annotations", path)):
        place, name = (
            known.get(one.get(key)) if isinstance(one.get(key), ID) else None
            for known, key in ((boxes, "image_id"), (names, "category_id"))
        )
        box = one.get("bbox")
        if place is None or name is None or not isinstance(box, list) or len(box) != 4:
            raise TableError(
                "an annotation is of no image or category of the file, or has no box",
                expected="image_id and category_id that are listed, and bbox of four numbers",
                received=one,
                path=path,
                hint=f"annotation {number}, counted from 0",
            )
        if one.get("iscrowd"):
            crowds += 1
            continue
        score = {"score": one["score"]} if "score" in one else {}
        place.append({"class": str(name), "bbox": box, **score})
    images: list[Cell] = [_path(str(one.get("file_name", "")), path.parent) for one in pictures]
    cells: list[Cell] = [_cell(one, boxes[one.get("id")]) for one in pictures]
    rows = MemoryRows({"image": images, "boxes": cells}, key=file_key(path, "coco"))
    if crowds:
        rows.notes = (f"{crowds:,} annotations of crowds are left out",)
    return rows


def _cell(picture: Mapping[str, Any], boxes: list[dict[str, Any]]) -> str:
    width, height = picture.get("width"), picture.get("height")
    if not width or not height:
        return json.dumps(boxes, ensure_ascii=False)
    return json.dumps({"width": width, "height": height, "boxes": boxes}, ensure_ascii=False)


def _path(name: str, folder: Path) -> str:
    """Return the path of a picture beside the file, as written where it is not found."""
    for inner in PICTURE_FOLDERS:
        if (folder / inner / name).is_file():
            return (Path(inner) / name).as_posix()
    return name


def _by_id(told: Mapping[str, Any], key: str, path: Path) -> dict[Any, dict[str, Any]]:
    """Return id -> object. Raises `TableError` where one has none, or two have the same."""
    found: dict[Any, dict[str, Any]] = {}
    for one in _listed(told, key, path):
        if not isinstance(one.get("id"), ID) or one["id"] in found:
            raise TableError(
                f"one of '{key}' has no id, or that of another",
                expected="a number or a text as the id of each",
                received=one,
                path=path,
            )
        found[one["id"]] = one
    return found


def _listed(told: Mapping[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    found = told.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TableError(
            f"'{key}' is not a list of objects",
            expected="COCO's form: images, annotations and categories",
            received="nothing" if found is None else found,
            path=path,
        )
    return found
