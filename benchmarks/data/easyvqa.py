"""easy-VQA: pictures of one shape, and questions about it (the package easy-vqa, MIT)."""

from __future__ import annotations

import json

import pyarrow as pa

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached, check_sizes

PACKAGE = "easy-vqa==1.0"
TARGET = "answer"
COLUMNS = {"picture": "image", "question": "text", "number": "group"}


def easyvqa() -> pa.Table:
    """Return ``picture`` (PNG of 64 x 64), ``question``, ``answer`` (13), ``number``, ``split``.

    38,575 + 9,673 questions about 4,000 + 1,000 pictures, each of which has its own ``number``.
    """
    return cached("easyvqa", _make)


def _make() -> pa.Table:
    files = pip_files(PACKAGE, "easy_vqa/data/*/questions.json", "easy_vqa/data/*/images/*.png")
    rows = []
    for path in files:
        if path.name != "questions.json":
            continue
        split = path.parent.name
        for question, answer, number in json.loads(path.read_text(encoding="utf-8")):
            picture = (path.parent / "images" / f"{number}.png").read_bytes()
            rows.append((picture, question, f"{split} {number}", answer, split))
    names = ("picture", "question", "number", TARGET, "split")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return check_sizes("easyvqa", table, 38_575, 9_673)
