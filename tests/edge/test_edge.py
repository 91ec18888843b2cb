"""The edge answers as the model does, keeps nothing, and says what it cannot answer."""

from __future__ import annotations

import dataclasses
import io
import sys

import numpy as np
import pytest
from PIL import Image

import plait
from plait.compress.exported import export
from plait.edge import Edge, load
from plait.errors import (
    BundleError,
    CellError,
    ColumnError,
    ExtraError,
    TargetError,
    UsageError,
)
from plait.fitting.setup import cross_fitting
from plait.model.ensemble import DEEP
from plait.networks.graphs import SavedGraph
from plait.testing.edge import check_same_answers
from plait.testing.examples import example_table

NUM_ROWS = 60


def picture(bright):
    stream = io.BytesIO()
    Image.new("RGB", (24, 24), (bright, 20, 30)).save(stream, "PNG")
    return stream.getvalue()


def table_rows(num_rows=NUM_ROWS):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, num_rows)
    return [
        {
            "photo": None if row % 5 == 4 else picture(40 + 150 * int(kinds[row])),
            "note": ("dark and cold", "bright and warm")[kinds[row]] if row % 7 else None,
            "size": round(float(rng.normal() + kinds[row]), 3),
            "kind": ("low", "high")[kinds[row]],
        }
        for row in range(num_rows)
    ]


COLUMNS = {"photo": "image", "note": "text", "size": "number", "kind": "category"}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("edge") / "shop.plait"
    table = plait.read(table_rows(), columns=COLUMNS)
    return plait.fit(table, target="kind", budget="10s", simple=True, out=path), path


@pytest.fixture(scope="module")
def edge(fitted):
    return load(fitted[1])


@pytest.mark.parametrize(
    "rows",
    [
        table_rows()[0],
        table_rows()[:9],
        [{"size": 1.0}, {"note": "warm"}, {"photo": None, "size": None}],
        {"size": [0.5, None], "note": ["dark", "bright"]},
    ],
)
def test_the_edge_says_what_the_model_says(rows, edge, fitted):
    assert edge.predict(rows).to_dicts() == fitted[0].predict(rows).to_dicts()


def test_a_file_is_answered_as_its_rows(edge, tmp_path):
    path = tmp_path / "new.csv"
    (tmp_path / "boot.png").write_bytes(picture(180))
    path.write_text("photo,size,note\nboot.png,1.5,bright\n,,cold\n")
    rows = [{"photo": picture(180), "size": 1.5, "note": "bright"}, {"note": "cold"}]
    assert edge.predict(path).to_dicts() == edge.predict(rows).to_dicts()


def test_many_rows_are_answered_as_each_alone(edge):
    rows = table_rows(600)
    many = edge.predict(rows).to_dicts()
    for place in (0, 4, 511, 512, 599):
        assert many[place] == pytest.approx(edge.predict(rows[place])[0], abs=1e-6)


def test_nothing_is_written(edge, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the cache was asked for")

    for name in ("building.new_entry", "prepared.cache_folder"):
        monkeypatch.setattr(f"plait.data.{name}", refuse)
    assert len(edge.predict({"size": [0.5] * 5000})) == 5000


def test_an_unreadable_cell_is_named_or_skipped(edge):
    rows = [{"size": 1.0}, {"photo": b"no picture", "size": 1.0}]
    with pytest.raises(CellError) as caught:
        edge.predict(rows)
    assert (caught.value.column, caught.value.row) == ("photo", 1)
    assert edge.predict(rows, on_error="skip")[0] == edge.predict(rows, on_error="skip")[1]


def test_columns_that_are_missing_are_so_or_refused(edge):
    with pytest.raises(ColumnError, match="none of the columns"):
        edge.predict({"colour": "red"})
    with pytest.raises(ColumnError, match="lacks columns"):
        edge.predict({"size": 1.0}, strict=True)
    assert edge.inputs == ("photo", "note", "size") and edge.target == "kind"


def test_a_temperature_is_for_what_is_drawn(edge):
    with pytest.raises(TargetError, match="nothing is drawn"):
        edge.predict({"size": 1.0}, temperature=1.0)
    with pytest.raises(UsageError, match="no top"):
        edge.predict({"size": 1.0}, top=3)


def test_a_network_of_torch_is_refused_with_what_exports_it(fitted):
    model, _ = fitted
    parts = dataclasses.replace(model.ensemble, weights={DEEP: 1.0})
    with pytest.raises(BundleError, match="needs torch") as caught:
        Edge(dataclasses.replace(model, parts=parts))
    assert "plait export" in caught.value.hint


def test_graphs_are_opened_at_once_and_say_what_they_lack(fitted, monkeypatch):
    model, _ = fitted
    graph = SavedGraph(columns=("size",), model=b"no graph")
    parts = dataclasses.replace(model.ensemble, weights={DEEP: 1.0}, graphs=(graph,))
    with pytest.raises(BundleError, match="cannot be run by this onnxruntime"):
        Edge(dataclasses.replace(model, parts=parts))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExtraError, match="needs the extra 'edge'"):
        Edge(dataclasses.replace(model, parts=parts))


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_network_answers_as_a_graph_where_there_is_no_torch(tmp_path, monkeypatch):
    pytest.importorskip("onnxscript")
    monkeypatch.setattr(cross_fitting, "NUM_FOLDS", 2)
    columns = {"x": "text", "size": "number", "kind": "category"}
    table = plait.read(example_table("text"), columns=columns)
    told = {"baselines": False, "budget": "3 steps", "size": "dim=16,depth=1,num_heads=2"}
    model = export(plait.fit(table, target="kind", **told)).model
    check_same_answers(model, model.save(tmp_path / "graph.plait"), "text")


def test_without_a_space_there_are_no_vectors(edge):
    with pytest.raises(TargetError, match="no shared space"):
        edge.embed({"size": 1.0})


def test_a_space_in_closed_form_embeds_and_one_of_torch_does_not(tmp_path):
    rows = [{name: row[name] for name in ("photo", "note", "size")} for row in table_rows()]
    columns = {name: kind for name, kind in COLUMNS.items() if name != "kind"}
    path = tmp_path / "base.plait"
    model = plait.fit(plait.read(rows, columns=columns), budget="5s", simple=True, out=path)
    asked = [*rows[1:4], {"size": None}]
    vectors = load(path).embed(asked)
    np.testing.assert_array_equal(vectors, model.embed(asked))
    assert np.abs(vectors[:3]).sum() > 0 and not vectors[3].any()
    deep = dataclasses.replace(model, shared=dataclasses.replace(model.space, share=0.5))
    with pytest.raises(BundleError, match="shared space of this bundle is a network"):
        Edge(deep).embed(rows[0])


def test_several_targets_are_answered_together(tmp_path):
    table = plait.read(table_rows(), columns=COLUMNS)
    path = tmp_path / "two.plait"
    model = plait.fit(table, target=["kind", "size"], budget="10s", simple=True, out=path)
    rows = [{"note": "warm"}, {"photo": picture(60)}]
    assert load(path).predict(rows).to_dicts() == model.predict(rows).to_dicts()


def test_what_follows_rows_in_time_is_answered(tmp_path):
    rows = [
        {
            "day": f"2025-{1 + day // 28:02d}-{1 + day % 28:02d}",
            "price": round(50 + 9 * (day % 7) + day / 7, 2),
        }
        for day in range(140)
    ]
    path = tmp_path / "ahead.plait"
    model = plait.fit(
        plait.read(rows), target="price", horizon=3, time="day", simple=True, budget="5s", out=path
    )
    assert load(path).predict(rows).to_dicts() == model.predict(rows).to_dicts()
    with pytest.raises(UsageError, match="rows in time together"):
        plait.bench(path, rows)
