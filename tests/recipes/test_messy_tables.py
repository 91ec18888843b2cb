"""A clinic's table as clinics write it: limits, units, decimal commas, dates, truth values."""

from __future__ import annotations

import csv
import datetime
import json

import numpy as np
import pyarrow.parquet as parquet
import pytest

import plait
from plait.cli.inspect import show
from plait.data.splits import make_splits
from plait.errors import TargetError
from plait.networks.config import SystemConfig
from plait.recipes.fit import fit
from plait.recipes.inspect import inspect
from plait.recipes.predict import predict
from plait.recipes.search import search

TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)


def clinic(num_rows=96):
    rng = np.random.default_rng(5)
    rows = []
    for row in range(num_rows):
        crp = float(abs(rng.normal(9, 8)))
        admitted = datetime.datetime(2023, 1, 1) + datetime.timedelta(hours=int(rng.integers(8000)))
        shown = "<5" if crp < 5 else f"{crp:.1f}".replace(".", ",")
        rows.append(
            {
                "crp": {7: "ND", 11: "pending"}.get(row, shown),
                "weight": f"{rng.normal(75, 9):.0f} kg" if row % 9 else f"{70_000 + row} g",
                "admitted": admitted.strftime("%d.%m.%Y %H:%M"),
                "smoker": "TRUE" if row % 3 == 0 else "FALSE",
                "night": int(admitted.hour < 8),
            }
        )
    return rows


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("clinic") / "clinic.csv"
    rows = clinic()
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def quick(table, **settings):
    return fit(table, budget="6 steps", size=TINY, fusion="early", **settings)


def test_inspect_says_how_cells_are_read(table, capsys):
    found = json.loads(json.dumps(inspect(table)))
    columns = {column["name"]: column for column in found["columns"]}
    kinds = {name: column["modality"] for name, column in columns.items()}
    assert kinds == {
        "crp": "number", "weight": "number", "admitted": "date",
        "smoker": "category", "night": "category",
    }  # fmt: skip
    crp = columns["crp"]["reading"]
    assert crp["decimal"] == "," and crp["below_words"] == {"nd": 1}
    assert crp["num_below"] > 1 and crp["null_words"] == {"pending": 1}
    assert columns["crp"]["share_missing"] == pytest.approx(1 / 96, abs=1e-4)
    assert set(columns["weight"]["reading"]["units"]) == {"kg", "g"}
    assert columns["admitted"]["reading"]["first"].startswith("2023-")
    show(found)
    printed = capsys.readouterr().out
    assert "How cells are read" in printed and "nd 1x" in printed and "pending 1x" in printed


def test_a_date_is_an_input_that_tells(table):
    model = quick(table, target="night")
    assert "admitted" in model.inputs
    late = model.predict([{"admitted": "03.05.2023 03:00"}, {"admitted": "03.05.2023 15:00"}])
    assert [type(value) for value in late.columns["prediction"]] == [int, int]
    assert late.columns["p_1"][0] > late.columns["p_1"][1]


def test_a_date_orders_the_rows_as_its_column_is_written(table):
    rows = plait.read(table)
    splits = make_splits(rows, time="admitted")
    days = [datetime.datetime.strptime(d, "%d.%m.%Y %H:%M") for d in rows.column("admitted")]
    latest = [max(days[row] for row in part) for part in (splits.train, splits.validation)]
    assert latest[0] <= min(days[row] for row in splits.validation)
    assert latest[1] <= min(days[row] for row in splits.test)


def test_truth_values_come_back_as_such_and_as_written_in_csv(table, tmp_path):
    bundle = tmp_path / "m.plait"
    model = quick(table, target="smoker", out=bundle)
    assert {type(v) for v in model.predict(table).columns["prediction"]} == {bool}
    predict(bundle, table, out=tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        assert {row["prediction"] for row in csv.DictReader(file)} <= {"TRUE", "FALSE"}
    predict(bundle, table, out=tmp_path / "out.parquet")
    assert str(parquet.read_schema(tmp_path / "out.parquet").field("prediction").type) == "bool"
    typed = [{**row, "smoker": row["smoker"] == "TRUE"} for row in clinic()]
    first, second = (model.evaluate(rows)["metrics"] for rows in (table, typed))
    assert first == second


def test_limits_in_the_target_are_counted(table):
    model = quick(table, target="crp")
    notes = " ".join(model.records["metrics"]["notes"])
    num = sum(row["crp"] in ("<5", "ND") for row in clinic())
    assert f"{num} targets are only limits ({num} '<', 0 '>')" in notes


def test_a_date_is_no_target_yet(table):
    with pytest.raises(TargetError, match="a column of date cannot be the target"):
        quick(table, target="admitted")


def test_search_filters_dates_and_numbers_with_units(table, tmp_path):
    model = quick(table, exclude=["smoker", "night"])
    found = search(
        model,
        plait.read(table),
        query={"admitted": "01.06.2023 12:00"},
        where='admitted >= "2023-06-01" and weight < 75',
        top=5,
        index=tmp_path / "i",
    )
    rows = clinic()
    for hit in found["hits"]:
        day = datetime.datetime.strptime(rows[hit["row"]]["admitted"], "%d.%m.%Y %H:%M")
        weight, unit = rows[hit["row"]]["weight"].split()
        assert day >= datetime.datetime(2023, 6, 1)
        assert float(weight) / {"kg": 1, "g": 1000}[unit] < 75
    assert found["hits"]
