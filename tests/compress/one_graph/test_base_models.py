"""Base models in graphs: what onnxruntime says of rows is what each of them says."""

from __future__ import annotations

import numpy as np
import pytest
from small_mix import COLUMNS, TARGETS, known

from plait.baselines.base_models import (
    BASELINES,
    InContext,
    LabelPropagation,
    Linear,
    Majority,
    ProductOfExperts,
    ReducedModel,
    TableTrees,
    WithReducedModels,
)
from plait.compress.one_graph.base_models import WRITERS
from plait.compress.one_graph.mix import one_graph
from plait.errors import GraphError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("lightgbm")

INPUT_COLUMNS = [[name] for name in COLUMNS]

UNIQUE = ("size", "shape")
"""Columns no two of whose values are the same: which of equal neighbours count is nobody's word."""


@pytest.fixture(scope="module")
def tables():
    return {modality: known(modality) for modality in TARGETS}


@pytest.mark.parametrize("plain", [False, True], ids=["operator", "plain"])
@pytest.mark.parametrize("modality", TARGETS)
@pytest.mark.parametrize("name", BASELINES)
def test_a_graph_says_what_the_base_model_says(name, modality, plain, tables):
    if plain and name != "boosted":
        pytest.skip("the same graph")
    table = tables[modality]
    found = table.parity(table.mix({name: table.fitted(BASELINES[name]())}), plain=plain)
    assert found.difference < 1e-4 and found.agreement == 1.0
    assert found.num_rows == 160 + 16 + 64 * len(COLUMNS)


def test_experts_that_lack_their_column_say_nothing(tables):
    table = tables["category"]
    experts = table.fitted(ProductOfExperts(INPUT_COLUMNS, neighbours=False))
    assert table.parity(table.mix({"product_of_experts": experts})).difference < 1e-4


def test_neighbours_are_experts_too():
    table = known("category", UNIQUE, gaps=0.0)
    experts = table.fitted(ProductOfExperts([[name] for name in UNIQUE]))
    assert table.parity(table.mix({"product_of_experts": experts})).difference < 1e-4


def test_labels_that_were_propagated(tmp_path):
    table = known("category", UNIQUE, gaps=0.0)
    one = LabelPropagation(table.rows.matrices.take(np.arange(100, 160)))
    one.fit(table.rows.take(np.arange(100)), seed=0)
    one.save(tmp_path)
    one = LabelPropagation.load(tmp_path)  # its points are then of half precision, as in a bundle
    assert table.parity(table.mix({"label_propagation": one})).difference < 1e-3


def test_trees_of_some_columns(tables):
    table = tables["number"]
    trees = table.fitted(TableTrees(["size", "kind"]))
    assert table.parity(table.mix({"trees": trees})).difference < 1e-4


def test_each_row_is_answered_by_the_model_of_its_columns(tables):
    table = tables["number"]
    reduced = []
    for columns in (["size"], ["note", "kind"]):
        one = Linear()
        one.fit(table.rows.only(columns), seed=0)
        places = frozenset(list(COLUMNS).index(name) for name in columns)
        reduced.append(ReducedModel(places, one))
    routes = {frozenset([1]): 0, frozenset([0, 2]): 1, frozenset([0, 2, 3]): 1}
    both = WithReducedModels(table.fitted(Linear()), INPUT_COLUMNS, reduced, routes)
    assert table.parity(table.mix({"linear": both})).difference < 1e-4


def test_mixes_are_weighed(tables):
    table = tables["category"]
    parts = {name: table.fitted(BASELINES[name]()) for name in ("linear", "boosted", "majority")}
    mix = table.mix(parts, {"linear": 0.5, "boosted": 0.3, "majority": 0.2})
    assert table.parity(mix).difference < 1e-5


def test_what_no_graph_holds_is_named(tables):
    table = tables["category"]
    assert InContext.name not in WRITERS
    with pytest.raises(GraphError, match="tabular foundation model") as caught:
        mix = table.mix({"majority": table.fitted(Majority())})
        mix.base_models, mix.weights = (
            {InContext.name: mix.base_models["majority"]},
            {InContext.name: 1.0},
        )
        one_graph(mix)
    assert "linear model" in caught.value.expected
