"""What a series goes on as by few weights: each on series of which it is the truth."""

from __future__ import annotations

import numpy as np
import pytest

from plait.modalities.series.anchor import Anchor, find_anchor
from plait.modalities.series.judging_groups import judging_parts, parts_of
from plait.modalities.series.known_effect import learn_effect


def windows(values, before=24, ahead=6):
    """Every window of a series, without the level of what came before."""
    cut = np.lib.stride_tricks.sliding_window_view(values, before + ahead)
    level = cut[:, :before].mean(axis=1, keepdims=True)
    return cut[:, :before] - level, cut[:, before:] - level


def test_seasons_and_their_drift_by_hand():
    before = np.array([[0.0, 1.0, 2.0, 3.0]])  # seasons 0 1 and 2 3: each 2 higher
    assert Anchor()(before, 3).tolist() == [[0, 0, 0]]
    assert Anchor(1)(before, 2).tolist() == [[3, 3]]
    assert Anchor(2)(before, 3).tolist() == [[2, 3, 2]]
    assert Anchor(2, averaged=2, drift=1.0)(before, 4).tolist() == [[4, 5, 6, 7]]
    assert Anchor(2, averaged=2, drift=0.5)(before, 4).tolist() == [[3, 4, 4, 5]]
    assert Anchor(weights=(0.5, 0.25))(before, 2).tolist() == [[2.0, 1.75]]


@pytest.mark.parametrize("kind", ["season", "trend", "cycle", "noise"])
def test_the_true_one_is_found(kind):
    rng, steps = np.random.default_rng(0), np.arange(150)
    noise = 0.1 * rng.normal(size=150)
    if kind == "noise":
        assert find_anchor(*windows(rng.normal(size=150))) == Anchor()
        return
    if kind == "cycle":  # an autoregression that swings in about nine steps, of no fixed phase
        values = np.zeros(150)
        for step in range(2, 150):
            values[step] = 1.5 * values[step - 1] - 0.95 * values[step - 2] + rng.normal()
        found = find_anchor(*windows(values))
        assert found.weights[:2] == pytest.approx((1.5, -0.95), abs=0.2)
        return
    values = np.tile([0, 3, 1, -2, -2], 30) + noise + (0.1 * steps if kind == "trend" else 0)
    found = find_anchor(*windows(values))
    before, ahead = windows(values)
    assert ((found(before, 6) - ahead) ** 2).mean() < 0.05
    assert kind == "trend" or found.season % 5 == 0 or len(found.weights) >= 5


def test_the_effect_of_what_is_known_is_found_though_the_series_goes_its_own_way():
    rng, steps = np.random.default_rng(0), 400
    known = rng.normal(size=(steps, 2))
    rest = np.convolve(rng.normal(size=steps), np.ones(5), "same")  # goes its own way
    values = rest + known @ [2.0, -1.0]
    cut = np.lib.stride_tricks.sliding_window_view
    own, told = cut(values, 30)[:, None, :], cut(known, 30, axis=0).transpose(0, 2, 1)
    effect = learn_effect(own[..., :24], own[..., 24:], told[:, :24], told[:, 24:])
    np.testing.assert_allclose(effect[:, 0], [2.0, -1.0], atol=0.15)


def test_few_groups_judge_in_turn_and_many_by_the_last():
    few = np.repeat(np.arange(8), 3)
    parts = parts_of(few, 5)
    assert [held.tolist() for held, _ in parts] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert parts[1][1].tolist() == [0, 1, 2, 3, 4, 5]  # a quarter of them beside, at most
    assert [held.tolist() for held, _ in judging_parts(few, 5)] == [
        one.tolist() for one, _ in parts
    ]
    ((held, near),) = judging_parts(np.arange(40), 3)
    assert held.tolist() == list(range(32, 40)) and near.tolist() == list(range(29, 40))
    assert judging_parts(np.zeros(4, int), 1) == []
