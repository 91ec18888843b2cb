"""Tests of stacking: it mixes where that pays, and ships one model where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.baselines.stack import best_mix, mix_outputs
from plait.metrics import log_loss


def _noisy(truth: np.ndarray, noise: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scores = np.eye(3)[truth] * 2 + rng.normal(0, noise, (len(truth), 3))
    powers = np.exp(scores)
    return (powers / powers.sum(1, keepdims=True)).astype(np.float32)


TRUTH = np.random.default_rng(0).integers(0, 3, 600)


def test_independent_equals_are_mixed():
    outputs = {"a": _noisy(TRUTH, 1, 1), "b": _noisy(TRUTH, 1, 2)}
    weights = best_mix(outputs, TRUTH, log_loss)
    assert weights["a"] == pytest.approx(0.5, abs=0.2)
    mixed = log_loss(mix_outputs(outputs, weights), TRUTH).mean()
    assert mixed < min(log_loss(found, TRUTH).mean() for found in outputs.values())


def test_a_useless_member_is_left_out():
    outputs = {"good": _noisy(TRUTH, 0.3, 1), "bad": _noisy(np.roll(TRUTH, 1), 2, 2)}
    assert best_mix(outputs, TRUTH, log_loss) == {"good": 1.0}


def test_a_copy_gains_nothing():
    one = _noisy(TRUTH, 1, 1)
    assert len(best_mix({"one": one, "copy": one.copy()}, TRUTH, log_loss)) == 1


def test_a_single_candidate_ships():
    assert best_mix({"only": _noisy(TRUTH, 1, 1)}, TRUTH, log_loss) == {"only": 1.0}


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_weights_sum_to_one_and_never_lose_to_the_best(seed, num_rows, num_members):
    truth = np.random.default_rng(seed).integers(0, 3, num_rows)
    outputs = {str(i): _noisy(truth, 1 + i, seed % 1000 + i) for i in range(num_members)}
    weights = best_mix(outputs, truth, log_loss)
    assert sum(weights.values()) == pytest.approx(1)
    best = min(log_loss(found, truth).mean() for found in outputs.values())
    assert log_loss(mix_outputs(outputs, weights), truth).mean() <= best + 1e-6


@pytest.mark.parametrize("seed", [2, 5, 7, 9, 10, 11])
def test_a_gain_in_copies_of_few_rows_is_no_gain(seed):
    """Ten rows copied a hundred times are ten: a mix must pay on them, not on a thousand."""
    few = np.random.default_rng(seed).integers(0, 3, 10)
    outputs = {"a": _noisy(few, 1, seed + 1), "b": _noisy(few, 1, seed + 2)}
    copies = np.repeat(np.arange(10), 100)
    many = {name: found[copies] for name, found in outputs.items()}
    assert len(best_mix(many, few[copies], log_loss)) == 2
    assert len(best_mix(many, few[copies], log_loss, groups=copies)) == 1
