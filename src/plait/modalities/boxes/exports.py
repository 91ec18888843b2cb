"""Boxes written as other tools read them: COCO JSON, VOC XML, YOLO text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from plait.modalities.boxes.boxes import RELATIVE, Boxes

EXPORTS: Mapping[str, str] = {"coco": ".json", "voc": "", "yolo": ""}
"""Form -> ending of its one file; "" for a folder of files."""

FINE_PLACES = 6
"""Behind the point, of shares of a picture and of boxes narrower than a hundredth."""


def exported(
    form: str, raws: Sequence[Boxes | None], names: Sequence[str], labels: Sequence[str]
) -> dict[str, bytes]:
    """Return file name -> content; of a form of one file the name is "".

    Args:
        form: Of `EXPORTS`.
        raws: Boxes of each picture; None where nothing was said of it.
        names: Of the pictures: paths, or what else tells them.
        labels: The classes; further ones of boxes follow them.
    """
    others = {name for raw in raws if raw is not None for name in raw.names} - set(labels)
    classes = [*labels, *sorted(others)]
    if form == "coco":
        return {"": _coco(raws, names, classes)}
    write = _voc if form == "voc" else _yolo
    ending = ".xml" if form == "voc" else ".txt"
    found = {
        f"{stem}{ending}": write(raw, name, classes)
        for raw, name, stem in zip(raws, names, _stems(names), strict=True)
        if raw is not None
    }
    if form == "yolo":
        found["classes.txt"] = "".join(f"{name}\n" for name in classes).encode()
    return found


def _coco(raws: Sequence[Boxes | None], names: Sequence[str], classes: Sequence[str]) -> bytes:
    """Return COCO's object detection format: sizes in pixels, a box left, top, width, height."""
    numbers = {name: number for number, name in enumerate(classes, 1)}
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for picture, (raw, name) in enumerate(zip(raws, names, strict=True), 1):
        image: dict[str, object] = {"id": picture, "file_name": name}
        if raw is not None and raw.size is not None:
            image |= {"width": _short(raw.size[0]), "height": _short(raw.size[1])}
        images.append(image)
        for place in range(0 if raw is None else len(raw)):
            annotations.append(
                {"id": len(annotations) + 1, "image_id": picture} | _annotation(raw, place, numbers)  # type: ignore[arg-type]
            )
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    told = {"images": images, "annotations": annotations, "categories": categories}
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def _annotation(raw: Boxes, place: int, numbers: Mapping[str, int]) -> dict[str, object]:
    left, top, right, bottom = (float(value) for value in raw.corners[place])
    found: dict[str, object] = {
        "category_id": numbers[raw.names[place]],
        "bbox": [_short(value) for value in (left, top, right - left, bottom - top)],
        "area": _short((right - left) * (bottom - top)),
        "iscrowd": 0,
    }
    if raw.scores is not None:
        found["score"] = round(float(raw.scores[place]), 4)
    return found


def _voc(raw: Boxes, name: str, classes: Sequence[str]) -> bytes:
    """Return an annotation of Pascal VOC, with a score where the boxes have one."""
    width, height = raw.size or (0.0, 0.0)
    lines = [
        "<annotation>",
        f"  <filename>{escape(PurePath(name).name)}</filename>",
        f"  <size><width>{width:g}</width><height>{height:g}</height><depth>3</depth></size>",
    ]
    for place, label in enumerate(raw.names):
        sides = zip(("xmin", "ymin", "xmax", "ymax"), _sides(raw, place), strict=True)
        box = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
        score = "" if raw.scores is None else f"<score>{raw.scores[place]:.4f}</score>"
        lines.append(
            f"  <object><name>{escape(label)}</name>{score}<bndbox>{box}</bndbox></object>"
        )
    return "\n".join([*lines, "</annotation>", ""]).encode()


def _yolo(raw: Boxes, name: str, classes: Sequence[str]) -> bytes:
    """Return lines of class number, middle, width and height as shares, and score where known."""
    size = np.array(raw.size or (1.0, 1.0))
    lines = []
    for place, label in enumerate(raw.names):
        low, high = raw.corners[place, :2] / size, raw.corners[place, 2:] / size
        numbers = [*(low + high) / 2, *(high - low)]
        score = [] if raw.scores is None else [raw.scores[place]]
        told = " ".join(f"{value:.6f}" for value in (*numbers, *score))
        lines.append(f"{list(classes).index(label)} {told}\n")
    return "".join(lines).encode()


def _stems(names: Sequence[str]) -> list[str]:
    """Return a file name without ending for each picture, no two alike."""
    found, seen = [], set[str]()
    for number, name in enumerate(names):
        stem = PurePath(name).stem or f"{number:06d}"
        if stem in seen or stem == "classes":
            stem = f"{stem}_{number:06d}"
        seen.add(stem)
        found.append(stem)
    return found


def _sides(raw: Boxes, place: int) -> list[float | int]:
    """Return the sides of a box with so many places that none falls onto another."""
    sides = [float(value) for value in raw.corners[place]]
    left, top, right, bottom = short = [_short(side) for side in sides]
    if left == right or top == bottom or raw.size == RELATIVE:
        return [_short(side, FINE_PLACES) for side in sides]
    return short


def _short(value: float, places: int = 2) -> float | int:
    rounded = round(value, places)
    return int(rounded) if rounded == int(rounded) else rounded


def written(raw: Boxes) -> str:
    """Return boxes as JSON that reads alike; see `BoxesCodec.write`."""
    corners, places = raw.corners, FINE_PLACES if raw.size is not None and max(raw.size) <= 1 else 2
    found = []
    for place, name in enumerate(raw.names):
        left, top, right, bottom = (float(value) for value in corners[place])
        numbers = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        one: dict[str, Any] = {"class": name}
        one |= {side: round(value, places) for side, value in numbers.items()}
        if raw.scores is not None:
            one["score"] = round(float(raw.scores[place]), 4)
        found.append(one)
    if raw.size is None:
        return json.dumps(found, ensure_ascii=False)
    size = {"width": _plain(raw.size[0]), "height": _plain(raw.size[1])}
    return json.dumps({**size, "boxes": found}, ensure_ascii=False)


def _plain(side: float) -> float | int:
    return int(side) if side == int(side) else side
