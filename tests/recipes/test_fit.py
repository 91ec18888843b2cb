"""Fit, evaluate and predict on small tables: the JSON contracts, and what cannot be learned."""

import json

import numpy as np
import pytest

import plait
from plait.errors import (
    BundleError,
    ColumnError,
    SchemaError,
    TableError,
    TargetError,
    UsageError,
)
from plait.networks.config import SystemConfig
from plait.recipes.evaluate import evaluate
from plait.recipes.predict import predict

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
SUMMARY = {"bundle", "task", "shipped", "metrics", "baselines", "seconds", "num_parameters",
           "peak_memory_mb"}  # fmt: skip


def rows(num=60, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "size": float(rng.normal() + 2 * (i % 2)),
            "shade": ("red", "green", "blue")[i % 3],
            "patient": f"p{i // 6}",
            "kind": ("small", "large")[i % 2],
            "price": float(10 * (i % 2) + rng.normal()),
        }
        for i in range(num)
    ]


def quick(table, **settings):
    return plait.fit(table, budget="5 steps", size=TINY, fusion="early", **settings)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "m.plait"
    return quick(rows(), target="kind", exclude=["price", "patient"], out=path), path


def test_summary_keeps_its_contract(fitted):
    summary = json.loads(json.dumps(fitted[0].summary()))
    assert set(summary) >= SUMMARY
    assert {entry["name"] for entry in summary["baselines"]} == {
        "majority", "neighbour", "linear", "product_of_experts", "boosted",
    }  # fmt: skip


def test_evaluate_keeps_its_contract(fitted):
    found = evaluate(fitted[1], plait.read(rows(seed=1)))
    assert list(found["metrics"]) == ["accuracy", "macro_f1", "auc", "log_loss"]
    assert found["rows"] == 60 and found["metrics"]["accuracy"] > 0.7
    low, high = found["intervals"]["accuracy"]
    assert low <= found["metrics"]["accuracy"] <= high
    assert found["by_present"]["size+shade"]["rows"] == 60


def test_a_class_never_seen_counts_as_wrong(fitted):
    strange = [{**row, "kind": "huge"} for row in rows(6)]
    assert fitted[0].evaluate(strange)["metrics"]["accuracy"] == 0.0


def test_numbers_have_quantiles_in_order(tmp_path):
    model = quick(rows(), target="price", exclude=["patient"])
    answer = model.predict(rows(20, seed=2)).columns
    assert list(answer) == ["prediction", "confidence", "q05", "q50", "q95"]
    assert (answer["q05"] <= answer["q95"]).all()
    assert {"rmse", "mae", "r2"} <= set(model.summary()["metrics"])


def test_groups_stay_apart():
    model = quick(rows(120), target="kind", group="patient", exclude=["price"])
    splits = model.records["splits"]
    patients = [{row // 6 for row in splits[name]} for name in ("train", "validation", "test")]
    assert "of which none were in training" in " ".join(model.summary()["notes"])
    assert not (patients[0] & patients[1] or patients[0] & patients[2] or patients[1] & patients[2])
    few = f"judged on only {len(patients[2])} groups of 'patient'"
    assert len(patients[2]) < 10 and any(few in one["text"] for one in model.summary()["warnings"])
    assert not any("groups of" in text for text in evaluate(model, rows(120))["warnings"])
    assert any("only 5 groups of" in text for text in evaluate(model, rows(30))["warnings"])


def test_two_columns_of_pictures_share_one_stem():
    codec = plait.modalities.find_codec("image")()
    rng = np.random.default_rng(0)
    table = [
        {"front": codec.example(rng), "back": codec.example(rng), "kind": "ab"[i % 2]}
        for i in range(24)
    ]
    model = quick(plait.read(table), target="kind", baselines=False)
    stems = {name.split(".")[3] for name in model.ensemble.tensors if ".encoder.stems." in name}
    assert len(stems) == 1


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_predict_keeps_rows_and_order(fitted, ending, tmp_path):
    import pyarrow.csv
    import pyarrow.parquet

    done = predict(fitted[1], plait.read(rows(30, seed=3)), out=tmp_path / f"p.{ending}")
    read = pyarrow.csv.read_csv if ending == "csv" else pyarrow.parquet.read_table
    found = read(tmp_path / f"p.{ending}").to_pylist()
    assert done["rows"] == len(found) == 30
    sizes = [row["size"] for row in found]
    assert np.allclose(sizes, [row["size"] for row in rows(30, seed=3)])
    assert np.allclose([row["p_small"] + row["p_large"] for row in found], 1.0, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"target": "colour"}, UsageError, "no column 'colour'"),
        ({"target": "kind", "exclude": ["nothing"]}, UsageError, "no column 'nothing'"),
        ({"target": "kind", "exclude": ["size", "shade", "patient", "price"]}, SchemaError,
         "no column is left"),
        ({"target": "kind", "device": "cuda:7"}, UsageError, "cannot be used"),
    ],
)  # fmt: skip
def test_wrong_calls(settings, error, message):
    with pytest.raises(error, match=message):
        quick(plait.read(rows()), **settings)


def test_a_constant_target_cannot_be_learned():
    same = [{**row, "kind": "one"} for row in rows()]
    with pytest.raises(TargetError, match="fewer than two classes|target"):
        quick(plait.read(same, columns={"kind": "category"}), target="kind")


def test_one_row_is_no_table():
    with pytest.raises(TableError):
        quick(plait.read(rows(1)), target="kind")


def test_a_taken_place_is_refused_before_the_work(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("mine")
    with pytest.raises(BundleError, match="taken"):
        quick(rows(), target="kind", out=tmp_path / "mine")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine"]


def test_a_table_without_the_columns(fitted):
    with pytest.raises(ColumnError, match="none of the columns"):
        fitted[0].predict([{"other": 1}])
    with pytest.raises(ColumnError, match="lacks the target"):
        fitted[0].evaluate([{"size": 1.0}])


def test_many_rows_are_judged_by_an_even_sample(monkeypatch):
    from plait.fitting.setup import problem

    monkeypatch.setattr(problem, "MAX_JUDGED_ROWS", 5)
    model = quick(rows(120), target="kind", exclude=["price", "patient"])
    assert model.records["metrics"]["test"]["rows"] == 5
    assert any("judged on 5 of the" in note for note in model.summary()["notes"])
