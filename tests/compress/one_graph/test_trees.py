"""Trees in graphs: onnxruntime's sums of leaves are those of the trees that LightGBM grew."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from plait.baselines.trees import Trees
from plait.compress.one_graph import plain_trees
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.plain_trees import plain_sums
from plait.compress.one_graph.trees import _sums, questions
from plait.errors import GraphError
from plait.networks.graph_runners import open_session

pytest.importorskip("lightgbm")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

sys.path.insert(0, str(Path(__file__).parents[2] / "baselines"))

import lightgbm
from grown_trees import grown, table

FORMS = {"operator": False, "plain": True}


def trees_of(objective, **settings):
    return Trees(grown(objective, rounds=12, **settings).model_to_string())


def sums(several, rows, *, plain, places=None):
    builder = Builder(plain=plain)
    given = builder.input("table", "float32", (rows.shape[1],))
    places = np.arange(rows.shape[1]) if places is None else places
    write = plain_sums if plain else _sums
    found = write(builder, given, [(one, questions(one.nodes, places)) for one in several])
    session = open_session(builder.model(found), 1)
    return session.run(None, {"table": rows})[0]


@pytest.mark.parametrize("plain", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize(
    "settings", [{}, {"use_missing": False}, {"max_cat_to_onehot": 80}], ids=str
)
def test_leaves_are_those_of_lightgbm(plain, gaps, settings):
    several = [trees_of(one, gaps=gaps, **settings) for one in ("regression", "multiclass")]
    rows = table(200, 1, gaps=True)
    rows[:3, 3] = [-3, 500, 69]
    expected = np.concatenate([one._raw(rows) for one in several], axis=1)
    found = sums(several, rows, plain=plain)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert sums(several, rows[:1], plain=plain).shape == (1, 4)


@pytest.mark.parametrize("plain", FORMS.values(), ids=FORMS)
def test_a_value_at_a_limit_goes_left_whatever_is_rounded(plain):
    trees = trees_of("regression", gaps=False)
    limits = trees.nodes.threshold[trees.nodes.feature == 0]
    rows = table(3 * len(limits), 2, gaps=False)
    near = limits.astype(np.float32)
    below, above = (np.nextafter(near, np.float32(end)) for end in (-np.inf, np.inf))
    rows[:, 0] = np.concatenate([below, near, above])
    np.testing.assert_allclose(sums([trees], rows, plain=plain), trees._raw(rows), atol=1e-4)


@pytest.mark.parametrize("plain", FORMS.values(), ids=FORMS)
def test_features_may_lie_elsewhere_and_trees_may_have_no_split(plain):
    lone = lightgbm.Dataset(np.zeros((40, 5)), np.arange(40.0) % 2)
    without = lightgbm.train({"objective": "regression", "verbosity": -1}, lone, num_boost_round=2)
    several = [Trees(without.model_to_string()), trees_of("binary", gaps=True)]
    rows = table(50, 3, gaps=True)
    places = np.array([4, 3, 2, 1, 0])
    expected = np.concatenate([one._raw(rows) for one in several], axis=1)
    found = sums(several, np.ascontiguousarray(rows[:, ::-1]), plain=plain, places=places)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_no_graph_can_ask_is_refused():
    trees = trees_of("regression", gaps=True, zero_as_missing=True)
    with pytest.raises(GraphError, match="zeros are missing values"):
        questions(trees.nodes, np.arange(5))


def test_too_many_trees_are_refused_where_there_is_no_operator(monkeypatch):
    monkeypatch.setattr(plain_trees, "MOST_PATHS", 100)
    with pytest.raises(GraphError, match="too many trees") as caught:
        sums([trees_of("regression", gaps=False)], table(1, 0, gaps=False), plain=True)
    assert "--to onnx" in caught.value.hint
