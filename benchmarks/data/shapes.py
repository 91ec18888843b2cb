"""Ten generated tables of different shapes, 100 to 100,000 rows, 2 to 400 classes: for budgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.settings import cache_folder

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
NUM_WORDS, PIXELS, POINTS = 3000, 40, 400


@dataclass(frozen=True)
class Shape:
    """A kind of table, with the target ``answer``.

    Attributes:
        name: Of its file.
        num_rows: How many.
        make: From rows, random numbers and a folder for media to columns.
        columns: Modality of those that are not plain from their cells.
    """

    name: str
    num_rows: int
    make: Callable[[int, np.random.Generator, Path], dict[str, Any]]
    columns: str = "answer=category"


def written(shape: Shape, *, num_rows: int | None = None, seed: int = 0) -> Path:
    """Return the Parquet file of a shape, made when it is not there."""
    num = num_rows or shape.num_rows
    folder = cache_folder() / "shapes"
    path = folder / f"{shape.name}-{num}-{seed}.parquet"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}")
        columns = shape.make(num, np.random.default_rng(seed), folder)
        pq.write_table(pa.table(columns), partial)
        partial.rename(path)
    return path


def _numbers(num: int, width: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {f"x{i}": rng.normal(size=num).round(4) for i in range(width)}


def _score(columns: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Return something that trees find and linear models find in part."""
    x = list(columns.values())
    plain = x[0] + np.where(x[1] > 0, x[2 % len(x)], -x[2 % len(x)])
    return np.asarray(plain + 0.3 * rng.normal(size=len(x[0])))


def _classes(score: np.ndarray, num: int) -> list[str]:
    ranks = np.argsort(np.argsort(score))
    return [f"c{rank * num // len(score)}" for rank in ranks]


def _words(num: int, rng: np.random.Generator) -> list[str]:
    return ["".join(rng.choice(LETTERS, rng.integers(3, 9))) for _ in range(num)]


def _texts(classes: np.ndarray, length: int, rng: np.random.Generator) -> list[str]:
    """Return texts of which a third of the words are of their class."""
    words = np.array(_words(NUM_WORDS, rng))
    own = rng.integers(0, NUM_WORDS, (int(classes.max()) + 1, 8))
    found = []
    for one in classes:
        drawn = words[rng.integers(0, NUM_WORDS, length)]
        mine = rng.random(length) < 0.33
        drawn[mine] = words[rng.choice(own[one], int(mine.sum()))]
        found.append(" ".join(drawn))
    return found


def _table(width: int, num_classes: int) -> Callable[..., dict[str, Any]]:
    """Return a maker of tables of numbers and a category; of a number where no class is wanted."""

    def make(num: int, rng: np.random.Generator, _: Path) -> dict[str, Any]:
        columns: dict[str, Any] = _numbers(num, width, rng)
        score = _score(columns, rng)
        columns["city"] = rng.choice(["Oslo", "Lima", "Pune", "Accra"], num)
        answer = score.round(4) if num_classes == 0 else _classes(score, num_classes)
        return {**columns, "answer": answer}

    return make


def _noted(width: int, num_classes: int, length: int) -> Callable[..., dict[str, Any]]:
    """Return a maker of tables of numbers beside a text."""

    def make(num: int, rng: np.random.Generator, _: Path) -> dict[str, Any]:
        columns: dict[str, Any] = _numbers(num, width, rng)
        classes = rng.integers(0, num_classes, num)
        columns["x0"] = (classes % 7 + rng.normal(size=num)).round(4)
        columns["note"] = _texts(classes, length, rng)
        return {**columns, "answer": [f"c{one}" for one in classes]}

    return make


def _pictures(num: int, rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    from PIL import Image

    folder = folder / "pictures"
    folder.mkdir(exist_ok=True)
    classes = rng.integers(0, 10, num)
    shades = rng.integers(0, 255, (10, PIXELS, PIXELS, 3))
    paths = []
    for row, one in enumerate(classes):
        pixels = 0.5 * shades[one] + rng.integers(0, 127, (PIXELS, PIXELS, 3))
        path = folder / f"{num}-{row}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        paths.append(f"pictures/{path.name}")
    return {"picture": paths, "answer": [f"c{one}" for one in classes]}


def _series(num: int, rng: np.random.Generator, _: Path) -> dict[str, Any]:
    classes = rng.integers(0, 4, num)
    time = np.linspace(0, 1, POINTS)
    waves = [np.sin(6.28 * (3 + 2 * c) * time) + rng.normal(size=POINTS) for c in classes]
    return {
        "wave": [wave.round(3).tolist() for wave in waves],
        "load": rng.normal(size=num).round(3),
        "answer": [f"c{one}" for one in classes],
    }


SHAPES = (
    Shape("tiny", 100, _table(3, 2)),
    Shape("few-numbers", 1_000, _table(20, 0), "answer=number"),
    Shape("wide-numbers", 1_000, _table(300, 3)),
    Shape("series", 1_500, _series, "wave=series,answer=category"),
    Shape("pictures", 2_000, _pictures, "picture=image,answer=category"),
    Shape("texts", 10_000, _noted(1, 20, 40), "note=text,answer=category"),
    Shape("texts-of-many-classes", 20_000, _noted(5, 400, 20), "note=text,answer=category"),
    Shape("numbers-of-many-classes", 30_000, _table(8, 400)),
    Shape("long-numbers", 100_000, _table(10, 0), "answer=number"),
    Shape("long-texts", 100_000, _noted(4, 2, 10), "note=text,answer=category"),
)
"""From few rows to many."""
