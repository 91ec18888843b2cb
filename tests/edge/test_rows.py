"""Rows on the edge: the same cells as `plait.read` gives, without Arrow."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.data.prepared import is_worth_keeping
from plait.edge.rows import rows_of
from plait.errors import PlaitError, TableError, UsageError

TEXTS = {
    "plain.csv": "size,note\n1,warm\n2,\n",
    "quotes.csv": 'size,note\n1,"a ""b"", c\nd"\n"",e\n',
    "semicolons.csv": "size;note\n1,5;warm\n2,5;cold\n",
    "tabs.tsv": "size\tnote\n1\ta,b\n",
    "mark.csv": "\ufeffsize,note\r\n1,warm\r\n",
    "blanks.csv": "\n\nsize,note\n1,a\n\n2,b\n",
    "one.csv": "note\nwarm\n\ncold\n",
    "names.csv": '"size\r", note,\n1,a,2\n',
    "bars.csv": "size|note\n1|a\n2|b",
    "west.csv": "size,note\n1,d\xe9j\xe0 vu\n",
}
BROKEN = {
    "empty.csv": "",
    "header.csv": "size,note\n",
    "ragged.csv": "size,note\n1,a\n2\n",
    "twice.csv": "size,size\n1,2\n",
    "zero.csv": "size,note\n1,\0\n",
    "list.jsonl": "[1, 2]",
    "half.jsonl": '{"size": 1}\n{"size": ',
    "none.jsonl": "\n",
}


@pytest.fixture
def write(tmp_path):
    def written(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


def cells_of(table):
    return {name: table.column(name) for name in table.column_names}


@pytest.mark.parametrize("name", TEXTS)
def test_delimited_text_is_read_as_with_arrow(name, write):
    path = write(name, TEXTS[name], "latin-1" if name == "west.csv" else "utf-8")
    wanted, found = plait.read(path), rows_of(path)
    assert cells_of(found) == cells_of(wanted)
    assert found.notes == wanted.notes
    assert found.root == wanted.root


@pytest.mark.parametrize("as_list", [False, True])
def test_json_is_read_as_with_arrow(as_list, write):
    rows = [{"size": 1, " note": "a"}, {"size": None, "x": [1, 2.5]}, {"x": {"path": "a.png"}}]
    text = json.dumps(rows) if as_list else "\n".join(map(json.dumps, rows))
    path = write("a.json", text)
    assert cells_of(rows_of(path)) == cells_of(plait.read(path))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_as_with_arrow(name, write):
    path = write(name, BROKEN[name])
    with pytest.raises(PlaitError) as wanted:
        plait.read(path)
    with pytest.raises(PlaitError) as found:
        rows_of(path)
    assert (type(found.value), found.value.what) == (type(wanted.value), wanted.value.what)
    assert (found.value.row, found.value.path) == (wanted.value.row, wanted.value.path)


def test_a_quotation_mark_that_is_not_closed_is_an_error(write):
    with pytest.raises(TableError, match="cannot be parsed") as caught:
        rows_of(write("open.csv", 'size,note\n1,"a\n2,b\n'))
    assert caught.value.hint == "is a quotation mark not closed?"


@pytest.mark.parametrize(
    "source",
    [
        {"size": 1, "note": "warm"},
        [{"size": np.float32(1)}, {"note": "b", "size": None}],
        {"size": [1, 2], "note": ["a", None]},
        [{"scan": np.arange(3), "raw": b"abc"}],
    ],
)
def test_python_rows_are_those_of_read(source):
    wanted, found = cells_of(plait.read(source)), cells_of(rows_of(source))
    assert found.keys() == wanted.keys()
    for name in wanted:
        assert all(np.array_equal(a, b) for a, b in zip(found[name], wanted[name], strict=True))


def test_other_kinds_are_refused_with_what_reads_them(write):
    with pytest.raises(TableError, match="not read without Arrow") as caught:
        rows_of(write("a.parquet", "PAR1"))
    assert "plait.read" in caught.value.hint
    with pytest.raises(TableError, match="not read without Arrow") as caught:
        rows_of(object())
    assert "to_dict('records')" in caught.value.hint
    with pytest.raises(TableError, match="does not exist") as caught:
        rows_of("nowhere.csv")
    assert caught.value.exit_code == 2


def test_a_file_that_memory_would_not_hold_is_refused(write, monkeypatch):
    monkeypatch.setattr("plait.data.sources.held_files.MOST_BYTES", 10)
    with pytest.raises(TableError, match="too large to be held"):
        rows_of(write("a.csv", "size,note\n1,warm\n"))


def test_nothing_is_worth_keeping_however_many_rows_there_are():
    source = {"size": list(range(5000))}
    assert is_worth_keeping(plait.read(source))
    assert not is_worth_keeping(rows_of(source))


def test_what_is_said_of_reading_is_checked(tmp_path):
    assert rows_of({"size": 1}, root=tmp_path).root == tmp_path
    with pytest.raises(UsageError, match="unreadable cells"):
        rows_of({"size": 1}, on_error="ignore")
    with pytest.raises(TableError, match="not a folder"):
        rows_of({"size": 1}, root=tmp_path / "nowhere")
