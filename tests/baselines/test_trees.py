"""Trees in NumPy against LightGBM itself: the same leaves, and the same numbers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from plait.baselines import trees
from plait.baselines.trees import Trees

lightgbm = pytest.importorskip("lightgbm")

ROUNDS = {"regression": 40, "binary": 25, "multiclass": 15}


def table(num, seed, *, gaps):
    """Return numbers, whole numbers with many zeros, and categories up to 70; gaps where asked."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(num, 5)).astype(np.float32)
    found[:, 2] = rng.integers(-1, 3, num)
    found[:, 3] = rng.integers(0, 70, num)
    if gaps:
        found[rng.random(found.shape) < 0.15] = np.nan
    return found


def grown(objective, *, gaps, **settings):
    data = table(700, 0, gaps=gaps)
    filled = np.nan_to_num(data)
    goal = filled[:, 0] * filled[:, 1] + (filled[:, 3] % 3) - filled[:, 2]
    if objective != "regression":
        goal = np.digitize(goal, [0.0] if objective == "binary" else [-0.5, 1.0])
    told = {"objective": objective, "verbosity": -1, "num_leaves": 15, "min_data_in_leaf": 5}
    told |= {"num_class": 3} if objective == "multiclass" else {}
    rows = lightgbm.Dataset(data, goal, categorical_feature=[3])
    return lightgbm.train(told | settings, rows, num_boost_round=ROUNDS[objective])


@pytest.mark.parametrize("objective", ROUNDS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"zero_as_missing": True}, {"use_missing": False}, {"max_cat_to_onehot": 80}],
    ids=str,
)
@pytest.mark.parametrize("gaps", [False, True])
def test_answers_are_those_of_lightgbm(objective, settings, gaps):
    booster = grown(objective, gaps=gaps, **settings)
    ours = Trees(booster.model_to_string())
    rows = table(300, 1, gaps=True)
    rows[:4, 3] = [-3, 500, 69.7, 2**30]
    expected = booster.predict(rows)
    assert np.array_equal(ours._raw(rows), booster.predict(rows, raw_score=True).reshape(300, -1))
    np.testing.assert_allclose(ours.predict(rows), expected.astype(np.float32), rtol=1e-6)
    assert ours.predict(rows[:1]).shape == expected[:1].shape


def test_a_tree_without_a_split_and_no_rows():
    data = np.ones((50, 2), np.float32)
    booster = lightgbm.train(
        {"objective": "regression", "verbosity": -1}, lightgbm.Dataset(data, np.arange(50.0)), 3
    )
    ours = Trees(booster.model_to_string())
    np.testing.assert_allclose(ours.predict(data), booster.predict(data), rtol=1e-6)
    assert ours.predict(data[:0]).shape == (0,)


def test_many_rows_are_left_to_lightgbm_and_come_out_the_same(monkeypatch):
    ours = Trees(grown("multiclass", gaps=True).model_to_string())
    rows = table(60, 2, gaps=True)
    slow = ours.predict(rows)
    monkeypatch.setattr(trees, "MANY", 1)
    np.testing.assert_allclose(ours.predict(rows), slow, rtol=1e-6)
    assert "_booster" in vars(ours)
    monkeypatch.setattr(trees, "find_spec", lambda name: None)
    monkeypatch.setattr(trees, "_BLOCK", 100)
    assert np.array_equal(ours.predict(rows), slow)


def test_an_unknown_objective_is_refused():
    text = grown("regression", gaps=False).model_to_string()
    with pytest.raises(ValueError, match="unknown objective: poisson"):
        Trees(text.replace("objective=regression", "objective=poisson")).predict(
            table(1, 0, gaps=False)
        )


def test_lightgbm_is_not_loaded_for_a_few_rows(tmp_path):
    (tmp_path / "trees.txt").write_text(grown("binary", gaps=False).model_to_string())
    code = (
        "import sys, numpy as np; from plait.baselines.trees import Trees;"
        f"Trees(open({str(tmp_path / 'trees.txt')!r}).read()).predict(np.zeros((3, 5)));"
        "print('lightgbm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
