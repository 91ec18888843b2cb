"""Prediction files: every row in order, whatever the columns hold, whole or not at all."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import plait
from plait.errors import CellError, TableError, UsageError
from plait.model.config import SystemConfig
from plait.recipes import predict as recipe
from plait.recipes.predict import predict


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = [{"size": float(rng.normal() + 2 * (i % 2)), "kind": "pq"[i % 2]} for i in range(30)]
    path = tmp_path_factory.mktemp("predict") / "m.plait"
    plait.fit(
        plait.read(rows, columns="size=number,kind=category"), target="kind", budget="3 steps",
        size=SystemConfig(dim=16, depth=1, num_heads=2), baselines=False, samples=False, out=path,
    )  # fmt: skip
    return path


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(recipe, "CHUNK_ROWS", 4)


def written(path):
    read = pa.csv.read_csv if path.suffix == ".csv" else pa.parquet.read_table
    return read(path).to_pydict()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1] * 5 + [2.5], [1] * 5 + [2.5]),
        ([1] * 5 + ["text"], ["1"] * 5 + ["text"]),
        ([None] * 5 + [3], [None] * 5 + [3]),
        ([None] * 6, [None] * 6),
        ([True] * 5 + [3], ["True"] * 5 + ["3"]),
        (["a"] * 5 + [None], ["a"] * 5 + [None]),
        ([10**30] * 6, [str(10**30)] * 6),
        (['a,"b"\n'] * 6, ['a,"b"\n'] * 6),
    ],
)
def test_columns_that_change_on_the_way(bundle, ending, cells, expected, tmp_path):
    rows = [{"size": 0.1 * i, "x": cell} for i, cell in enumerate(cells)]
    out = tmp_path / "new" / f"p.{ending}"
    assert predict(bundle, plait.read(rows), out=out)["rows"] == 6
    found = written(out)
    assert np.allclose(found["size"], [row["size"] for row in rows])
    if cells != [None] * 6 and expected[0] != str(10**30):
        blank = ("", None)
        pairs = zip(found["x"], expected, strict=True)
        assert all(got in blank if want is None else got == want for got, want in pairs)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_nested_cells(bundle, ending, tmp_path):
    rows = [{"size": 1.0, "x": [i, 2], "y": {"a": i}} for i in range(6)]
    predict(bundle, plait.read(rows), out=tmp_path / f"p.{ending}")
    found = written(tmp_path / f"p.{ending}")
    parse = json.loads if ending == "csv" else (lambda value: value)
    assert [parse(cell) for cell in found["x"]] == [[i, 2] for i in range(6)]
    assert [parse(cell) for cell in found["y"]] == [{"a": i} for i in range(6)]


def test_bytes_are_kept_in_parquet_and_left_out_of_csv(bundle, tmp_path):
    rows = [{"size": 1.0, "x": None if i < 5 else b"\xff\x00"} for i in range(6)]
    for ending in ("csv", "parquet"):
        predict(bundle, plait.read(rows), out=tmp_path / f"p.{ending}")
    assert "x" not in written(tmp_path / "p.csv")
    assert written(tmp_path / "p.parquet")["x"] == [None] * 5 + [b"\xff\x00"]


def test_an_unreadable_cell_is_named_by_its_row_of_the_table(bundle, tmp_path):
    rows = plait.read([{"size": 1.0 if i != 9 else "abc"} for i in range(12)])
    with pytest.raises(CellError) as caught:
        predict(bundle, rows, out=tmp_path / "p.csv")
    assert caught.value.row == 9
    assert not list(tmp_path.iterdir()), "a half-written file was left"
    assert predict(bundle, rows, out=tmp_path / "p.csv", on_error="skip")["rows"] == 12


@pytest.mark.parametrize(
    ("rows", "name", "error", "message"),
    [
        ([{"size": 1.0}], "p.xlsx", UsageError, "unknown kind of output file"),
        ([{"size": 1.0, "prediction": 2}], "p.csv", UsageError, "already has columns"),
        ([{"weight": 1.0}], "p.csv", TableError, "none of the columns"),
    ],
)
def test_what_cannot_be_written(bundle, rows, name, error, message, tmp_path):
    with pytest.raises(error, match=message):
        predict(bundle, plait.read(rows), out=tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_older_file_stays_when_the_new_one_fails(bundle, tmp_path):
    (tmp_path / "p.csv").write_text("older")
    with pytest.raises(CellError):
        predict(bundle, plait.read([{"size": "abc"}]), out=tmp_path / "p.csv", force=True)
    assert (tmp_path / "p.csv").read_text() == "older"
