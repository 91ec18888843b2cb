"""Fits that stand at the edge of what can be learned: few rows, copies, odd names, broken cells."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.errors import BundleError, CellError, SchemaError, TableError, TargetError, UsageError
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
MODALITIES = {"size": "number", "shade": "category", "kind": "category", "price": "number"}


def rows(num=40, **changes):
    rng = np.random.default_rng(0)
    made = [
        {
            "size": float(rng.normal() + 2 * (i % 2)),
            "shade": ("red", "green", "blue")[i % 3],
            "kind": ("small", "large")[i % 2],
            "price": float(10 * (i % 2) + rng.normal()),
        }
        for i in range(num)
    ]
    for name, change in changes.items():
        for i, row in enumerate(made):
            row[name] = change(i, row.get(name))
    return made


def quick(table, **settings):
    if not isinstance(table, plait.Table):
        kept = {name: kind for name, kind in MODALITIES.items() if name in table[0]}
        table = plait.read(table, columns=kept)
    return plait.fit(
        table, **{"budget": "3 steps", "size": TINY, "fusion": "early", "samples": False} | settings
    )


@pytest.mark.parametrize("num_rows", [2, 3, 5])
def test_a_handful_of_rows(num_rows):
    model = quick(rows(num_rows), target="kind")
    assert len(model.predict(rows(4)).columns["prediction"]) == 4


def test_three_labels_among_forty_rows():
    model = quick(rows(kind=lambda i, kind: kind if i < 3 else None), target="kind")
    assert "37 rows have no target and take no part in the scores" in model.summary()["notes"]


def test_tags_are_learned():
    table = plait.read(
        rows(tags=lambda i, _: "a;b" if i % 2 else "b;c"), columns={"tags": "categories"}
    )
    model = quick(table, target="tags", exclude=["kind", "price"])
    assert model.summary()["task"] == "tag"
    assert {"macro_f1", "micro_f1"} <= set(model.summary()["metrics"])
    assert len(model.predict([{"size": 2.0}]).columns["prediction"]) == 1


def test_copies_of_a_row_lie_in_one_split():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefgh"), 12)) for _ in range(20)]
    table = [{"note": texts[i // 2], "kind": "pq"[i // 2 % 2]} for i in range(40)]
    model = quick(
        plait.read(table, columns="note=text,kind=category"), target="kind", baselines=False
    )
    for part in ("train", "validation", "test"):
        places = {int(row) for row in model.records["splits"][part]}
        assert all((row ^ 1) in places for row in places)


@pytest.mark.parametrize("num_groups", [2, 3])
def test_few_groups(num_groups):
    model = quick(rows(patient=lambda i, _: f"p{i // 2 % num_groups}"), target="kind",
                  group="patient")  # fmt: skip
    assert np.isfinite(model.summary()["metrics"]["log_loss"])


def test_a_split_column_is_followed():
    def part(i, _):
        return "test" if i >= 30 else "train"

    model = quick(rows(split=part), target="kind", split="split")
    assert sorted(model.records["splits"]["test"]) == list(range(30, 40))


def test_names_and_labels_of_any_letters(tmp_path):
    odd = [
        {"a/b": r["size"], "..": r["shade"], "日.本": r["price"], "k i": ("a,b", "é\n")[i % 2]}
        for i, r in enumerate(rows())
    ]
    table = plait.read(odd, columns={"k i": "category"})
    model = quick(table, target="k i", out=tmp_path / "odd name.plait")
    first = model.predict(odd).columns
    second = plait.load(tmp_path / "odd name.plait").predict(odd).columns
    assert list(first) == list(second) and {"p_a,b", "p_é"} <= {name.strip() for name in first}
    assert np.allclose(first["confidence"], second["confidence"], atol=1e-5)


def test_a_network_that_diverges_does_not_ship():
    config = TrainConfig(learning_rate=1e25, muon_rate=1e25, clip=1e30)
    model = quick(rows(), target="kind", train=config)
    assert "the network diverged and cannot ship" in model.summary()["notes"]
    assert np.isfinite(model.predict(rows()).columns["confidence"]).all()


@pytest.mark.parametrize("cell", [float("inf"), "many", 1e31, 10**400])
def test_a_broken_number_is_named_or_skipped(cell):
    broken = rows(price=lambda i, price: cell if i == 3 else price)
    for target in ("kind", "price"):
        with pytest.raises(CellError) as caught:
            quick(broken, target=target)
        assert (caught.value.column, caught.value.row) == ("price", 3)
    model = quick(broken, target="price", on_error="skip")
    assert "1 rows have no target and take no part in the scores" in model.summary()["notes"]


@pytest.mark.parametrize(
    ("table", "settings", "error", "message"),
    [
        (rows(), {"target": "kind", "size": "gigantic"}, UsageError, "unknown size"),
        (rows(), {"target": "kind", "size": "dim=15"}, UsageError, "does not divide"),
        (rows(), {"target": "kind", "fusion": "sideways"}, UsageError, "unknown kind of fusion"),
        (rows(), {"target": "kind", "fusion": 9}, UsageError, "outside the trunk"),
        (rows(), {"target": "kind", "seed": -1}, UsageError, "seed is negative"),
        (rows(), {"target": "kind", "budget": "soon"}, UsageError, "budget cannot be read"),
        (rows(), {"target": "kind", "on_error": "hide"}, UsageError, "unknown way to treat"),
        (rows(), {"target": "kind", "group": "ward"}, UsageError, "no column 'ward'"),
        (rows(), {"target": "kind", "time": "day"}, UsageError, "no column 'day'"),
        (rows(kind=lambda i, _: None), {"target": "kind"}, TargetError, "fewer than two classes"),
        (rows(price=lambda i, _: 1.0), {"target": "price"}, TargetError, "single value"),
        (rows(1), {"target": "kind"}, TableError, "row"),
        (rows(g=lambda i, _: "a"), {"target": "kind", "group": "g"}, TableError, "no row is left"),
        ([{"kind": "ab"[i % 2], "x": None} for i in range(9)], {"target": "kind"}, SchemaError,
         "no column is left"),
        (rows(price=lambda i, p: "x" if i == 5 else p), {"target": "kind"}, CellError, "a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_leaves_nothing_behind(table, settings, error, message, tmp_path):
    with pytest.raises(error, match=message):
        quick(table, out=tmp_path / "folder" / "m.plait", **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [lambda p: p.write_text("mine"), lambda p: p.mkdir()])
def test_a_taken_place_is_left_alone(make, tmp_path):
    make(tmp_path / "mine")
    with pytest.raises(BundleError, match="taken"):
        quick(rows(), target="kind", out=tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_older_bundle_is_replaced_only_when_the_new_one_is_whole(tmp_path):
    path = tmp_path / "m.plait"
    quick(rows(), target="kind", out=path, baselines=False)
    before = (path / "manifest.json").read_bytes()
    with pytest.raises(TargetError):
        quick(rows(kind=lambda i, _: "one"), target="kind", out=path, baselines=False)
    assert (path / "manifest.json").read_bytes() == before
    quick(rows(), target="price", out=path, baselines=False, force=True)
    assert plait.load(path).target == "price"
    assert [found.name for found in tmp_path.iterdir()] == ["m.plait"]
