"""Trees in NumPy against LightGBM itself: the same leaves, and the same numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plait.baselines import trees
from plait.baselines.trees import Trees

pytest.importorskip("lightgbm")
sys.path.insert(0, str(Path(__file__).parent))

import lightgbm
from grown_trees import grown, table

ROUNDS = {"regression": 40, "binary": 25, "multiclass": 15}


def booster_of(objective, **settings):
    return grown(objective, rounds=ROUNDS[objective], **settings)


@pytest.mark.parametrize("objective", ROUNDS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"zero_as_missing": True}, {"use_missing": False}, {"max_cat_to_onehot": 80}],
    ids=str,
)
@pytest.mark.parametrize("gaps", [False, True])
def test_answers_are_those_of_lightgbm(objective, settings, gaps):
    booster = booster_of(objective, gaps=gaps, **settings)
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
    ours = Trees(booster_of("multiclass", gaps=True).model_to_string())
    rows = table(60, 2, gaps=True)
    slow = ours.predict(rows)
    monkeypatch.setattr(trees, "MANY", 1)
    np.testing.assert_allclose(ours.predict(rows), slow, rtol=1e-6)
    assert "_booster" in vars(ours)
    monkeypatch.setattr(trees, "find_spec", lambda name: None)
    monkeypatch.setattr(trees, "_BLOCK", 100)
    assert np.array_equal(ours.predict(rows), slow)


def test_an_unknown_objective_is_refused():
    text = booster_of("regression", gaps=False).model_to_string()
    with pytest.raises(ValueError, match="unknown objective: poisson"):
        Trees(text.replace("objective=regression", "objective=poisson")).predict(
            table(1, 0, gaps=False)
        )


def test_lightgbm_is_not_loaded_for_a_few_rows(tmp_path):
    (tmp_path / "trees.txt").write_text(booster_of("binary", gaps=False).model_to_string())
    code = (
        "import sys, numpy as np; from plait.baselines.trees import Trees;"
        f"Trees(open({str(tmp_path / 'trees.txt')!r}).read()).predict(np.zeros((3, 5)));"
        "print('lightgbm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
