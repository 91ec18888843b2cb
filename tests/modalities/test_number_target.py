"""A number as the target: costs in one unit for any rows, and a mean that is a mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from plait.modalities.number.codec import NumberCodec
from plait.modalities.number.network import Target


def test_cost_does_not_depend_on_the_other_rows():
    rng = np.random.default_rng(0)
    codec = NumberCodec().fit(rng.normal(50, 10, 500))
    truth = rng.normal(50, 10, 40).astype(np.float32)
    outputs = np.sort(rng.normal(50, 10, (40, 4)), axis=1).astype(np.float32)
    whole = codec.cost(outputs, truth)
    for rows in (np.arange(3), np.arange(10, 40)):
        np.testing.assert_allclose(codec.cost(outputs[rows], truth[rows]), whole[rows])
    assert codec.spread == pytest.approx(10, rel=0.1)


def test_spread_of_a_skewed_target_is_in_its_own_unit():
    values = np.random.default_rng(0).lognormal(3.0, 0.8, 20_000)
    codec = NumberCodec().fit(values)
    assert codec.log
    assert codec.spread == pytest.approx(values.std(), rel=0.15)


@pytest.mark.parametrize("skewed", [False, True])
def test_the_network_predicts_the_mean_and_the_median(skewed):
    """With nothing to see, the best mean is that of the numbers, not of their logarithms."""
    rng = np.random.default_rng(1)
    values = rng.lognormal(2.0, 1.0, 4000) if skewed else rng.normal(5.0, 2.0, 4000)
    codec = NumberCodec().fit(values)
    assert codec.log == skewed
    torch.manual_seed(0)
    target = Target(codec, 2)
    truth = torch.from_numpy(values.astype(np.float32))
    latent = torch.zeros(len(truth), 1, 2)
    optimizer = torch.optim.LBFGS(target.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = target.loss(target(latent), truth).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    mean, low, middle, high = target.outputs(target(latent))[0].tolist()
    assert mean == pytest.approx(values.mean(), rel=0.03)
    assert middle == pytest.approx(np.median(values), rel=0.1)
    assert low < middle < high and math.isfinite(high)


def test_answers_are_written_with_the_digits_that_they_have():
    codec = NumberCodec(scale=1.0)
    answer = codec.answer(np.array([[4.9561848640441895, 3.1, 4.8, 11.2]], np.float32))
    assert {str(values.dtype) for values in answer.values()} == {"float32"}
    assert str(answer["prediction"][0]) == "4.956185"


def test_nothing_is_said_beyond_zero_where_no_training_value_lies_there():
    outputs = np.array([[-1.0, -5.0, -0.5, 8.0]], np.float32)
    counts = NumberCodec().fit([0.0, 1.0, 2.0, 9.0])
    answer = counts.answer(outputs)
    assert [answer[name][0] for name in ("prediction", "q05", "q50", "q95")] == [0, 0, 0, 8]
    assert NumberCodec().fit([0.0, -1.0, -2.0]).answer(outputs)["q95"] == 0
    both = NumberCodec().fit([-0.1] + [1.0] * 5000)
    assert both.low < 0 and both.answer(outputs)["q05"][0] == -5, "one value below zero is enough"


@pytest.mark.parametrize("skewed", [False, True])
def test_confidence_orders_rows_by_their_intervals_and_is_a_half_where_nothing_is_known(skewed):
    rng = np.random.default_rng(0)
    values = rng.lognormal(5.0, 0.9, 20_000) if skewed else rng.normal(50.0, 10.0, 20_000)
    codec = NumberCodec().fit(values)
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    sides = np.array([0.0, 0.1, 1.0, 3.0])[:, None]
    ends = np.array([[low - middle, 0.0, high - middle]])
    outputs = np.concatenate([np.full((4, 1), values.mean()), middle + sides * ends], axis=1)
    codec_only = np.maximum(outputs, 0.0) if skewed else outputs
    confidence = codec.answer(codec_only)["confidence"]
    assert confidence[0] == 1.0 and confidence[2] == pytest.approx(0.5, abs=0.02)
    assert (np.diff(confidence) < 0).all() and confidence[-1] > 0.2
