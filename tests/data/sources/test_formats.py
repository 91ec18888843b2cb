"""Parquet, Arrow, JSON, frames and tar shards give the same cells."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from plait import read
from plait.data.sources import spool
from plait.errors import TableError

ROWS = [{"a": 1, "b": "x", "c": None}, {"a": None, "b": "y", "c": [1.0, 2.0]}]


def dicts(table):
    names = table.column_names
    return [
        dict(zip(names, cells, strict=True))
        for cells in zip(*(table.column(name) for name in names), strict=True)
    ]


@pytest.fixture(params=[10**7, 10], ids=["in memory", "in the cache"])
def _anywhere(request, monkeypatch):
    monkeypatch.setattr(spool, "MEMORY_BYTES", request.param)


@pytest.mark.usefixtures("_anywhere")
@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather", "jsonl", "json"])
def test_files_give_their_rows(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    table = pa.Table.from_pylist(ROWS)
    if kind == "parquet":
        parquet.write_table(table, path)
    elif kind == "json":
        path.write_text(json.dumps(ROWS))
    elif kind == "jsonl":
        path.write_text("\n\n".join(json.dumps(row) for row in ROWS))
    else:
        opener = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with opener(str(path), table.schema) as out:
            out.write_table(table)
    assert dicts(read(path)) == ROWS
    assert read(path).key == read(path).key


def test_dictionaries_are_decoded_and_bytes_kept(tmp_path):
    labels = pa.array(["u", "v", "u"]).dictionary_encode()
    table = pa.table({"label": labels, "file": [b"\x89PNG", None, b""]})
    parquet.write_table(table, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.column("label") == ["u", "v", "u"]
    assert found.column("file") == [b"\x89PNG", None, b""]


def test_batches_of_pictures_stay_small(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1000)
    monkeypatch.setattr(spool, "BATCH_BYTES", 1000)
    files = [bytes([i]) * 300 for i in range(50)]
    parquet.write_table(pa.table({"file": files}), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.column("file") == files
    assert found._rows._rows_per_batch <= 3


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.tar"])
def test_damaged_files_are_refused(write, name):
    path = write(name, b"PAR1 this is not one")
    with pytest.raises(TableError, match="cannot be read") as caught:
        read(path)
    assert caught.value.path == str(path)


def test_mixed_json_columns_become_text_in_large_files(write, monkeypatch):
    monkeypatch.setattr(spool, "MEMORY_BYTES", 10)
    monkeypatch.setattr("plait.data.sources.json_lines.MEMORY_BYTES", 10)
    lines = ['{"a": 1, "b": 1}', '{"a": "x", "b": 2.5}', '{"a": [1, "y"]}']
    found = read(write("a.jsonl", "\n".join(lines)))
    assert found.column("a") == ["1", "x", '[1, "y"]']
    assert found.column("b") == [1.0, 2.5, None]


@pytest.mark.parametrize(
    ("text", "what", "row"),
    [
        ('{"a": 1}\n{"a": \n', "the row is not JSON", 1),
        ('{"a": 1}\n\n[1, 2]\n', "a row is not a JSON object", 1),
        ("\n \n", "the table has no rows", None),
        ("[1, 2", "the file is not JSON", None),
    ],
)
def test_broken_json_names_the_row(write, text, what, row):
    with pytest.raises(TableError) as caught:
        read(write("a.jsonl", text))
    assert (caught.value.what, caught.value.row) == (what, row)
    if what == "the row is not JSON":
        assert caught.value.received == "Expecting value at character 7"
        assert "written to its end" in caught.value.hint


def test_pandas_frames_give_plain_cells():
    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan],
            "mixed": ["x", 3],
            "kind": pd.Categorical(["u", None]),
            "time": pd.to_datetime(["2024-01-02", None]),
            "array": [np.arange(2), None],
        }
    )
    found = dicts(read(frame))
    assert found[0]["kind"] == "u" and found[1]["kind"] is None
    assert found[0]["mixed"] == "x" and found[1]["mixed"] == 3
    assert str(found[0]["time"])[:10] == "2024-01-02" and found[1]["time"] is None
    assert found[0]["number"] == 1.5
    assert list(found[0]["array"]) == [0, 1]


def test_lists_of_dicts_may_lack_keys(tmp_path):
    found = read([{"a": np.float32(1.5)}, {"b": tmp_path}], root=tmp_path)
    assert dicts(found) == [{"a": 1.5, "b": None}, {"a": None, "b": str(tmp_path)}]
    assert dicts(read({"a": [1, 2]})) == [{"a": 1}, {"a": 2}]
    assert dicts(read(pa.table({"a": [1, 2]}))) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ([], "the table has no rows"),
        ({"a": [1], "b": [1, 2]}, "the columns are not equally long"),
        ([{"a": 1}, 3], "a row is not a dict"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns have the same name"),
        (pa.table([[1], [2]], names=["a", "a"]), "two columns have the same name"),
        (pd.DataFrame({"a": []}), "the table has no rows"),
        (42, "this is not a table"),
    ],
)
def test_objects_that_are_no_table_are_refused(source, what):
    with pytest.raises(TableError) as caught:
        read(source)
    assert caught.value.what == what


def test_equal_frames_have_equal_keys():
    one, other = ({"a": [1, 2], "b": ["x", np.arange(3)]} for _ in range(2))
    assert read(one).key == read(other).key
    assert read(one).key != read({"a": [1, 2], "b": ["x", np.arange(4)]}).key


def test_tar_shards_group_files_by_stem(tmp_path, picture):
    data = (tmp_path / picture("p.png")).read_bytes()
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        for name, content in [
            ("s/1.png", data),
            ("s/1.txt", b"one"),
            ("s/1.cls", b"7"),
            ("s/2.png", data),
            ("s/2.unknown", b"?"),
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    assert dicts(read(tmp_path / "shard.tar")) == [
        {"image": data, "text": "one", "label": "7"},
        {"image": data, "text": None, "label": None},
    ]
