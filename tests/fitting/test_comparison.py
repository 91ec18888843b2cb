"""A network that was judged by some rows only joins the mix by these; simple models by all rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.choice.comparison import Candidates, choose_candidates, on_all_rows, outputs_of
from plait.fitting.setup.deep_plan import DeepResult
from plait.modalities import find_codec
from plait.model.ensemble import DEEP

NUM, SOME = 400, np.arange(100, 400, 3)
RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 2, NUM)
CODEC = find_codec("category")(labels=("a", "b"))
PROBLEM = SimpleNamespace(
    truth=np.concatenate([np.zeros(1000, np.int64), TRUTH]),
    groups=np.arange(1000 + NUM),
    weights=None,
    target_codec=CODEC,
)
ROWS = 1000 + np.arange(NUM)


def guesses(right, seed):
    """Outputs that give the true class such a probability in the mean, with noise."""
    noise = np.random.default_rng(seed).normal(0, 0.1, NUM)
    share = np.clip(right + noise, 0.02, 0.98)
    return np.where(TRUTH[:, None] == [0, 1], share[:, None], 1 - share[:, None]).astype(np.float32)


def candidates(deep_right):
    base_models = BaseModels(
        fitted={"linear": None, "boosted": None},
        outputs={"linear": guesses(0.7, 1), "boosted": guesses(0.6, 2)},
        judged=ROWS,
    )
    run = SimpleNamespace()
    outputs = guesses(deep_right, 3)[SOME]
    deep = DeepResult(systems=(object(),), outputs=outputs, rows=ROWS[SOME], run=run)
    return deep, base_models


def test_candidates_are_seen_on_the_same_rows():
    deep, base_models = candidates(0.9)
    found = outputs_of(deep, base_models)
    assert list(found) == [DEEP, "linear", "boosted"]
    assert np.array_equal(found["linear"], base_models.outputs["linear"][SOME])


def test_a_better_network_joins_or_replaces_the_mix():
    deep, base_models = candidates(0.95)
    choice = choose_candidates(PROBLEM, Candidates.of(deep, base_models), None)
    assert choice.weights[DEEP] > 0.5 and sum(choice.weights.values()) == pytest.approx(1.0)
    assert set(choice.costs) == {DEEP, "linear", "boosted"}
    cost = CODEC.cost(base_models.outputs["linear"][SOME], TRUTH[SOME]).mean()
    assert choice.costs["linear"] == pytest.approx(cost)


def test_a_worse_network_leaves_the_choice_of_all_rows_as_it_is():
    deep, base_models = candidates(0.3)
    choice = choose_candidates(PROBLEM, Candidates.of(deep, base_models), None)
    none = DeepResult.none(ROWS, base_models.outputs, "")
    alone = choose_candidates(PROBLEM, Candidates.of(none, base_models), None)
    assert dict(choice.weights) == dict(alone.weights) and DEEP not in choice.weights
    told = "the deep model does not beat the mix of simple models on these data"
    assert told in choice.notes


def test_without_the_network_a_mix_is_known_on_all_rows():
    deep, base_models = candidates(0.3)
    assert np.array_equal(on_all_rows(deep, base_models, {"linear": 1.0}).rows, ROWS)
    assert on_all_rows(deep, base_models, {DEEP: 0.5, "linear": 0.5}) is deep
