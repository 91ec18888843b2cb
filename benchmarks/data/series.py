"""Seven sets of the UCR and UEA archives: ``.ts`` files within the package aeon (BSD)."""

from __future__ import annotations

import pyarrow as pa

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached, check_sizes

PACKAGE = "aeon==1.6.0"
SIZES = {
    "GunPoint": (50, 150),
    "ArrowHead": (36, 175),
    "ItalyPowerDemand": (67, 1029),
    "BasicMotions": (40, 40),
    "JapaneseVowels": (270, 370),
    "OSULeaf": (200, 242),
    "ACSF1": (100, 100),
}


def series(name: str) -> pa.Table:
    """Return columns ``series`` (lists ``[time][channel]``), ``label``, ``split``."""
    return cached(f"series-{name}", lambda: _make(name))


def _make(name: str) -> pa.Table:
    patterns = [f"aeon/datasets/data/{name}/{name}_{part}.ts" for part in ("TRAIN", "TEST")]
    columns: dict[str, list[object]] = {"series": [], "label": [], "split": []}
    for path in pip_files(PACKAGE, *patterns):
        found, labels = parse_ts(path.read_text(encoding="utf-8"))
        columns["series"] += found
        columns["label"] += labels
        columns["split"] += ["train" if "TRAIN" in path.name else "test"] * len(labels)
    table = pa.table(
        {
            "series": pa.array(columns["series"], pa.list_(pa.list_(pa.float32()))),
            "label": columns["label"],
            "split": columns["split"],
        }
    )
    return check_sizes(name, table, *SIZES[name])


def parse_ts(text: str) -> tuple[list[list[list[float | None]]], list[str]]:
    """Return the series ``[row][time][channel]`` and the labels of a ``.ts`` file.

    A row is ``channel:channel:...:label``, a channel numbers between commas, ``?`` a gap.

    Raises:
        ValueError: There is no ``@data``, or a row's channels differ in length.
    """
    header, mark, body = text.partition("@data")
    if not mark:
        raise ValueError(f"no @data in a .ts file that begins with {header[:60]!r}")
    rows, labels = [], []
    for line in body.split("\n"):
        if not line.strip():
            continue
        *channels, label = line.strip().split(":")
        numbers = [[_number(word) for word in channel.split(",")] for channel in channels]
        rows.append([list(step) for step in zip(*numbers, strict=True)])
        labels.append(label)
    return rows, labels


def _number(word: str) -> float | None:
    return None if word.strip() in ("?", "NaN") else float(word)
