"""Sound tables in many encodings and delimiters: read as written, noted, or refused; never else."""

import csv
import io

import numpy as np
import pytest

from plait import read
from plait.errors import TableError

WORDS = [
    "boot", "12", "3.5", "-1e3", "", "caf\u00e9 noir", "na\u00efve \u20ac", "a, b", "x;y", "u|v",
    'say "x"', "two\nlines", "tab\there", "2024-02-01", "1,5", "\u00bd \u00b5m",
]  # fmt: skip
FURTHER = ["\u65e5\u672c", "\u043f\u0440\u0438\u0432\u0435\u0442", "\U0001f97e"]
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "latin-1",
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_was_written_is_read_or_it_is_said(write, encoding, delimiter):
    num_read = 0
    for number in range(12):
        rng = np.random.default_rng(number)
        words = WORDS + (FURTHER if encoding.startswith("utf") else [])
        head = [f"c{place}" for place in range(rng.integers(2, 6))]
        rows = [[str(rng.choice(words)) for _ in head] for _ in range(rng.integers(2, 30))]
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows([head, *rows])
        try:
            table = read(write("t.csv", buffer.getvalue().encode(encoding, "replace")))
        except TableError:
            continue
        found = [table.column(name) for name in table.column_names]
        wanted = [[row[place] or None for row in rows] for place in range(len(head))]
        if encoding == "latin-1":
            wanted = [[c and c.replace("\u20ac", "?") for c in column] for column in wanted]
        assert found == wanted
        plain = buffer.getvalue().isascii()
        assert bool(table.notes) == (not plain and encoding in ("cp1252", "latin-1")) or (
            encoding in ("utf-16-le", "utf-16-be")
        )
        num_read += 1
    assert num_read >= 10
