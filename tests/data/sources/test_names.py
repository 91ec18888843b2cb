"""Names of columns with blanks and signs that nobody sees, in every kind of table."""

import json

import pandas as pd
import pyarrow as pa
import pytest
from spreadsheets import ods, xlsx

import plait
from plait import read
from plait.data.sources import spool
from plait.data.sources.names import clean
from plait.errors import ColumnError

WRITTEN = ["\ufeffkind", "price\r", " size", "first\u00a0name", "note\u200b"]
CLEAN = ("kind", "price", "size", "first name", "note")
ROWS = [["a", "1.5", "2", "Ann", "warm"], ["b", "2.5", "3", "Bob", "cold"]]


def as_csv(names):
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in [names, *ROWS])


def as_json_lines(names):
    return "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in ROWS)


MAKERS = {
    "csv": as_csv,
    "jsonl": as_json_lines,
    "xlsx": lambda names: xlsx({"S": [names, *ROWS]}, strings=()),
    "ods": lambda names: ods({"S": [names, *ROWS]}),
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("price\r", "price"),
        ("\t price \n", "price"),
        ("\ufeff\u200bprice\u200e", "price"),
        ("unit\u00a0 price", "unit price"),
        ("price\n(EUR)", "price (EUR)"),
        ("a  b", "a  b"),
        ("\u0645\u06cc\u200c\u0631\u0648\u062f", "\u0645\u06cc\u200c\u0631\u0648\u062f"),
        ("\u200b \r", ""),
    ],
)
def test_what_is_cleaned(name, expected):
    assert clean(name) == expected
    assert clean(clean(name)) == expected


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("kept", [False, True])
def test_files_are_read_under_clean_names(write, kind, kept, monkeypatch):
    if kept:
        monkeypatch.setattr(spool, "MEMORY_BYTES", 10)
        monkeypatch.setattr("plait.data.sources.json_lines.MEMORY_BYTES", 10)
    path = write(f"a.{kind}", MAKERS[kind](WRITTEN))
    for _ in range(2):
        table = read(path)
        assert table.column_names == CLEAN
        assert table.column("price") == ["1.5", "2.5"]
        (note,) = [note for note in table.notes if "names of columns" in note]
        assert "and 2 more" in note


def test_the_note_shows_what_was_not_seen(write):
    found = plait.inspect(write("a.csv", '"price\r",kind\n1,a\n2,b\n'))
    assert "'price\\r' is 'price'" in " ".join(found["notes"])
    assert read(write("b.csv", "price,kind\n1,a\n")).notes == ()


@pytest.mark.parametrize("kind", MAKERS)
def test_names_that_would_become_equal_stay(write, kind):
    names = ["kind", "price", "price\u200b", "a", "b"]
    table = read(write(f"a.{kind}", MAKERS[kind](names)))
    assert table.column_names == tuple(names)
    assert any("'price' and 'price\\u200b'" in note for note in table.notes)


@pytest.mark.parametrize("make", [pd.DataFrame, pa.table, lambda columns: columns])
def test_tables_in_memory_keep_their_names_and_errors_show_them(make):
    table = read(make({"price\r": [1.5, 2.5], " kind": ["a", "b"]}))
    assert table.column_names == ("price\r", " kind")
    with pytest.raises(ColumnError) as caught:
        table.column("price")
    assert caught.value.hint == "did you mean 'price\\r'?"
    assert caught.value.expected == "one of price\\r, ' kind'"
