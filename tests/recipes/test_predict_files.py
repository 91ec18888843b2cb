"""Prediction files: every row in order, whatever the columns hold, whole or not at all."""

from __future__ import annotations

import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import plait
from plait.errors import CellError, ColumnError, TableError, UsageError
from plait.fitting.setup.roles import refuse_answers
from plait.networks.config import SystemConfig
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
    if path.suffix == ".jsonl":
        lines = [json.loads(line) for line in path.read_text("utf8").splitlines()]
        return {name: [line[name] for line in lines] for name in lines[0]}
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
        ([{"size": 1.0}], "p.csv.bz2", UsageError, "unknown kind of output file"),
        ([{"size": 1.0}], "p.parquet.gz", UsageError, "compressed in its parts"),
        ([{"weight": 1.0}], "p.csv", ColumnError, "none of the columns"),
    ],
)
def test_what_cannot_be_written(bundle, rows, name, error, message, tmp_path):
    with pytest.raises(error, match=message):
        predict(bundle, plait.read(rows), out=tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["csv.gz", "jsonl.gz", "csv.zst", "jsonl.ZST"])
def test_packed_files_hold_what_plain_ones_do(bundle, ending, tmp_path):
    rows = plait.read([{"size": float(i), "note": f"é {i}"} for i in range(10)])
    plain, packed = tmp_path / f"p.{ending.rsplit('.', 1)[0]}", tmp_path / f"p.{ending}"
    predict(bundle, rows, out=plain)
    predict(bundle, rows, out=packed)
    with pa.input_stream(str(packed), compression="gzip" if "gz" in ending else "zstd") as stream:
        assert stream.read() == plain.read_bytes()
    assert plait.read(packed).num_rows == 10


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_columns_named_as_answers_make_way(bundle, ending, tmp_path):
    rows = [{"size": 1.0, "prediction": "x", "input_prediction": "y", "p_p": 3}]
    out = tmp_path / f"p.{ending}"
    result = predict(bundle, plait.read(rows), out=out)
    found = written(out)
    assert found["prediction"][0] in "pq" and 0 <= found["p_p"][0] <= 1
    assert found["input_prediction"] == ["y"] and found["input_p_p"] == [3]
    assert found["input_input_prediction"] == ["x"]
    assert any("column 'p_p' is written as 'input_p_p'" in note for note in result["notes"])


def test_json_lines_hold_one_object_per_row(bundle, tmp_path):
    rows = [{"size": 1.0, "x": None, "note": "caf\u00e9", "tags": [1, 2]}, {"size": None, "x": 2}]
    predict(bundle, plait.read(rows), out=tmp_path / "p.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text("utf8").splitlines()]
    assert [line["note"] for line in lines] == ["caf\u00e9", None]
    assert lines[0]["tags"] == "[1, 2]" and lines[1]["x"] == 2


@pytest.mark.parametrize("form", [None, "jsonl"])
def test_rows_go_to_standard_output_when_all_is_well(bundle, capfdbinary, form, tmp_path):
    predict(bundle, plait.read([{"size": 1.0}, {"size": 2.0}]), out="-", format=form)
    text = capfdbinary.readouterr().out.decode()
    if form == "jsonl":
        assert [json.loads(line)["size"] for line in text.splitlines()] == [1.0, 2.0]
    else:
        assert pa.csv.read_csv(pa.BufferReader(text.encode())).to_pydict()["size"] == [1, 2]
    with pytest.raises(CellError):
        predict(bundle, plait.read([{"size": 1.0}, {"size": "abc"}]), out="-", format=form)
    assert capfdbinary.readouterr().out == b""
    with pytest.raises(UsageError, match="not written to standard output"):
        predict(bundle, plait.read([{"size": 1.0}]), out="-", format="parquet")


ODD = [
    {"bytes": b"x", "path": None}, [{"a": b"x"}], (1, 2), {3}, 1 + 2j, "\ud800", b"\xff",
    datetime.time(1), datetime.timedelta(1), decimal.Decimal("1.5"), np.ones((2, 2)), {}, 2**63,
]  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("cell", ODD, ids=lambda cell: type(cell).__name__)
def test_odd_cells_are_written_or_left_out(bundle, ending, cell, tmp_path):
    rows = [{"size": 1.0, "x": cell}, {"size": 2.0, "x": None}, {"size": 2.0, "x": cell}]
    assert predict(bundle, plait.read(rows), out=tmp_path / f"p.{ending}")["rows"] == 3
    mixed = [*rows, {"size": 1.0, "x": 1}, {"size": 1.0, "x": "text"}]
    assert predict(bundle, plait.read(mixed), out=tmp_path / f"q.{ending}")["rows"] == 5


def test_what_is_said_of_columns_is_heeded_where_the_model_has_decided(bundle, tmp_path):
    rows = plait.read([{"size": 1.0, "x": "a"}, {"size": 2.0, "x": "b"}])
    out = tmp_path / "p.csv"
    for said in ({"exclude": ["size"]}, {"columns": "size=ignore"}):
        with pytest.raises((TableError, UsageError), match="none of the columns"):
            predict(bundle, rows, out=out, **said)
    with pytest.raises(UsageError, match="reads the column otherwise") as caught:
        predict(bundle, rows, out=out, columns="size=text")
    assert (caught.value.column, caught.value.received) == ("size", "text")
    assert predict(bundle, rows, out=out, columns="size=number,x=text")["rows"] == 2


@pytest.mark.parametrize("name", ["prediction", "confidence"])
def test_an_input_named_as_an_answer_is_asked_about(name):
    rows = plait.read([{"size": 1.0, name: 2.0, "kind": "a"}])
    with pytest.raises(UsageError, match="what plait calls its answers") as caught:
        refuse_answers(rows, ["kind"], set())
    assert f"--exclude {name}" in caught.value.hint and f"{name}=number" in caught.value.hint
    refuse_answers(rows, ["kind"], {name})
    refuse_answers(rows, [name], set())
    refuse_answers(plait.read(rows, columns={name: "number"}), ["kind"], set())
    with pytest.raises(UsageError, match="what plait calls its answers"):
        plait.fit(rows, target="kind", budget="1 steps")


def test_an_older_file_stays_when_the_new_one_fails(bundle, tmp_path):
    (tmp_path / "p.csv").write_text("older")
    with pytest.raises(CellError):
        predict(bundle, plait.read([{"size": "abc"}]), out=tmp_path / "p.csv", force=True)
    assert (tmp_path / "p.csv").read_text() == "older"


def test_a_predicted_number_has_its_unit_beside_the_file_and_none_in_it(tmp_path):
    rng = np.random.default_rng(0)
    size = rng.normal(5, 1, 40)
    rows = [{"size": s, "weight": f"{2 * s + 20:.1f} kg"} for s in size]
    model = plait.fit(plait.read(rows), target="weight", simple=True, budget="5s", samples=True)
    assert model.summary()["unit"] == "kg" == model.evaluate(rows)["unit"]
    found = plait.predict(model, rows, out=tmp_path / "p.csv")
    assert found["unit"] == "kg"
    assert pyarrow.csv.read_csv(tmp_path / "p.csv").column("prediction").type == pa.float64()
