"""Cells and headers beyond what the csv module takes by default, and the bounds beyond them."""

import csv

import pytest

from plait import read
from plait.data.sources import delimited, header, json_lines, json_objects
from plait.errors import TableError


def test_a_long_cell_is_read(write):
    series = " ".join(str(i % 997) for i in range(50_000))
    table = read(write("a.csv", f"x,y\n{series},1\n{series},2\n"))
    assert table.column("x") == [series, series]


def test_a_long_header_is_read(write):
    names = [f"a_rather_long_name_of_a_column_{i}" for i in range(20_000)]
    row = ",".join("1" for _ in names)
    table = read(write("a.csv", ",".join(names) + "\n" + row + "\n"))
    assert table.column_names == tuple(names)
    assert table.column(names[-1]) == ["1"]


def test_one_name_may_be_long(write):
    name = "n" * 300_000
    assert read(write("a.csv", f'"{name}",b\n1,2\n')).column(name) == ["1"]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_million_columns_say_how_many_are_allowed(write, kind):
    num = header.MAX_COLUMNS + 1
    if kind == "csv":
        text = ",".join(map(str, range(num))) + "\n" + "," * (num - 1) + "\n"
    else:
        text = "{" + ",".join(f'"{i}":1' for i in range(num)) + "}"
    with pytest.raises(TableError, match="too many columns") as caught:
        read(write(f"a.{kind}", text))
    assert (caught.value.expected, caught.value.received) == ("at most 100,000", "100,001")
    assert "one column of lists" in caught.value.hint


def test_a_cell_beyond_the_bound_is_named(write, monkeypatch):
    monkeypatch.setattr(delimited, "MAX_CELL_BYTES", 1000)
    with pytest.raises(TableError, match="a cell is too long") as caught:
        read(write("a.csv", "x,y\n1,2\n3," + "z" * 1001 + "\n"))
    assert (caught.value.column, caught.value.row) == ("y", 1)


def test_a_row_beyond_the_bound_is_named(write, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 500)
    monkeypatch.setattr(delimited, "MAX_ROW_BYTES", 1000)
    with pytest.raises(TableError, match="a row is too long") as caught:
        read(write("a.csv", "x,y\n" + "1,2\n" * 300 + '3,"' + "z\n" * 1001 + "\n"))
    assert "quotation mark" in caught.value.hint


def test_a_header_beyond_the_bound_is_named(write, monkeypatch):
    monkeypatch.setattr(header, "HEAD_BYTES", 100)
    monkeypatch.setattr(header, "MAX_HEADER_BYTES", 1000)
    with pytest.raises(TableError, match="the header is too long"):
        read(write("a.csv", '"' + "x\n" * 5000))


def test_a_line_and_a_list_of_json_have_bounds(write, monkeypatch):
    monkeypatch.setattr(json_objects, "MAX_LINE_CHARACTERS", 100)
    monkeypatch.setattr(json_lines, "MAX_LIST_BYTES", 100)
    with pytest.raises(TableError, match="a row is too long") as caught:
        read(write("a.jsonl", '{"a": 1}\n{"a": "' + "x" * 200 + '"}\n'))
    assert caught.value.row == 1
    with pytest.raises(TableError, match="too large to be read as a whole"):
        read(write("a.json", '[{"a": "' + "x" * 200 + '"}]'))


def test_the_limit_of_others_is_never_lowered(write):
    before = csv.field_size_limit(2**30)
    try:
        read(write("a.csv", "a,b\n1,2\n"))
        assert csv.field_size_limit() == 2**30
    finally:
        csv.field_size_limit(before)
