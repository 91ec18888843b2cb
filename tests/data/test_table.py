"""The table: cells, batches, views, and what is said of wrong names and rows."""

import numpy as np
import pytest

from plait import read
from plait.data import Column, Schema
from plait.errors import ColumnError, SchemaError, TableError, UsageError

ROWS = {"a": list(range(10)), "b": [f"w{i}" for i in range(10)]}


def test_batches_cover_all_rows_once():
    table = read(ROWS)
    batches = list(table.batches(["b", "a"], batch_rows=4))
    assert [first for first, _ in batches] == [0, 4, 8]
    assert sum((cells["a"] for _, cells in batches), []) == ROWS["a"]
    assert list(batches[0][1]) == ["b", "a"]


def test_views_number_rows_of_their_parent():
    view = read(ROWS).take([7, 3, 5])
    assert (view.num_rows, view.column("a")) == (3, [7, 3, 5])
    assert view.take([2, 2]).column("b") == ["w5", "w5"]
    assert view.column("a", [1]) == [3]
    assert [cells["a"] for _, cells in view.batches(["a"], batch_rows=2)] == [[7, 3], [5]]
    assert view.key != read(ROWS).key == read(ROWS).take(range(0)).with_schema(Schema(()))._rows.key


def test_equal_labels_are_one_object(write):
    cells = read(write("a.csv", "a,b\n" + "red,1\n" * 50)).column("a")
    assert len({id(cell) for cell in cells}) == 1


def test_a_wrong_column_is_named_with_its_neighbour():
    with pytest.raises(ColumnError, match="no column 'price2'") as caught:
        read({"price": [1], "name": ["x"]}).column("price2")
    assert caught.value.hint == "did you mean 'price'?"


@pytest.mark.parametrize("rows", [[10], [-1], np.array([0, 99])])
def test_a_wrong_row_is_named(rows):
    with pytest.raises(TableError, match="no such row"):
        read(ROWS).take(rows)


def test_paths_are_confined_to_the_root(tmp_path, picture):
    name = picture("inside/a.png")
    table = read({"image": [name]}, root=tmp_path)
    assert table.media().locate(name).name == "a.png"
    with pytest.raises(Exception, match="out of the table's folder"):
        read({"image": ["../a.png"]}, root=tmp_path / "inside").media().locate("../a.png")
    with pytest.raises(TableError, match="root is not a folder"):
        read(ROWS, root=tmp_path / "absent")


def test_a_missing_file_is_named_with_a_similar_one(write, tmp_path):
    path = write("shop.csv", "a,b\n1,2\n")
    with pytest.raises(TableError, match="does not exist") as caught:
        read(tmp_path / "shops.csv")
    assert caught.value.hint == f"did you mean {path}?" and caught.value.exit_code == 2


def test_with_schema_replaces_the_schema():
    schema = Schema((Column(name="a", modality="category"),))
    assert read(ROWS).with_schema(schema).schema is schema
    with pytest.raises(ColumnError, match="no column 'z'"):
        read(ROWS).with_schema(Schema((Column(name="z", modality="number"),)))


@pytest.mark.parametrize(
    ("columns", "kind", "message"),
    [
        ("a=nothing", UsageError, "no modality 'nothing'"),
        ("a", UsageError, "not given as name=modality"),
        ("aa=number", ColumnError, "no column 'aa'"),
        ({"a": {"modality": "number", "colour": "red"}}, SchemaError, "unknown entry"),
        ({"a": {"role": "king"}}, SchemaError, "no role 'king'"),
    ],
)
def test_wrong_overrides_are_refused_at_once(columns, kind, message):
    with pytest.raises(kind, match=message):
        read(ROWS, columns=columns)
