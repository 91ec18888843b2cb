"""Random convolution features: against a slow second implementation, and on a toy problem."""

from __future__ import annotations

import numpy as np
import pytest

from plait.modalities.series.cells import make_series
from plait.modalities.series.codec import SeriesCodec
from plait.modalities.series.random_convolution import (
    default_biases,
    fit_biases,
    make_blocks,
    transform,
)


def slow_transform(series, blocks, biases):
    """The definition, step by step."""
    import base64

    flat = iter(np.frombuffer(base64.b64decode(biases), "<f2").astype(np.float64))
    features = []
    for block in blocks:
        view = np.diff(series) if block.differenced else series
        num = view.shape[1]
        responses = []
        for subset, kernels in zip(block.subsets, block.kernels, strict=True):
            mixed = (subset[:, None] * view).sum(0)
            for kernel in kernels:
                out = np.zeros(num)
                for tap in range(9):
                    for time in range(num):
                        place = time + (tap - 4) * block.dilation
                        out[time] += kernel[tap] * mixed[place] if 0 <= place < num else 0.0
                responses.append(out)
        if block.num_biases:
            bias = np.array([next(flat) for _ in range(84 * block.num_biases)]).reshape(84, -1)
            reach = 4 * block.dilation
            for parity in (0, 1):
                for kernel in range(parity, 84, 2):
                    out = responses[kernel]
                    out = out[reach : num - reach] if parity and num > 2 * reach else out
                    features += [(out > b).mean() for b in bias[kernel]]
        else:
            groups = np.array(responses).reshape(-1, 8, num)
            best, worst = groups.argmax(1), groups.argmin(1)
            for pick, strong in ((best, True), (worst, False)):
                for group, winner in zip(groups, pick, strict=True):
                    for k in range(8):
                        won = winner == k
                        total = group[k][won].sum() if strong else won.sum()
                        features.append(np.sqrt(max(total, 0.0)))
    return np.array(features)


@pytest.mark.parametrize(("num_channels", "num_steps"), [(1, 40), (3, 25)])
def test_agrees_with_the_definition(num_channels, num_steps):
    rng = np.random.default_rng(1)
    series = [rng.normal(size=(num_channels, num_steps)).astype(np.float32) for _ in range(3)]
    blocks = make_blocks(num_steps, num_channels, 2)
    biases = fit_biases(series, blocks)
    fast, slow = transform(series[0], blocks, biases), slow_transform(series[0], blocks, biases)
    # A response that equals a bias up to rounding may fall on either side.
    assert np.mean(np.abs(fast - slow) > 1e-3) < 0.002


def test_kernels_sum_to_zero_so_that_the_level_does_not_matter():
    for block in make_blocks(100, 2):
        np.testing.assert_allclose(block.kernels.sum(-1), 0, atol=1e-6)


@pytest.mark.parametrize("num_steps", [1, 2, 9, 3000])
def test_any_length_gives_the_same_number_of_finite_features(num_steps):
    blocks = make_blocks(64, 1, 2)
    features = transform(np.ones((1, num_steps), np.float32), blocks, default_biases(blocks))
    usual = transform(np.ones((1, 64), np.float32), blocks, default_biases(blocks))
    assert features.shape == usual.shape and np.isfinite(features).all()


def test_a_line_on_the_features_tells_chirps_from_sines():
    rng = np.random.default_rng(0)
    time = np.linspace(0, 1, 80)
    truth = np.arange(40) % 2
    raws = [
        make_series(
            np.sin(2 * np.pi * (6 * time + 3 * t * time**2 + rng.random())) + rng.normal(0, 0.2, 80)
        )
        for t in truth
    ]
    codec = SeriesCodec(detail=2).fit(raws[:20])
    features = np.stack([codec.features(codec.prepare(raw)) for raw in raws])
    features = features - features[:20].mean(0)
    kernel = features @ features[:20].T
    weights = np.linalg.solve(kernel[:20] + 10.0 * np.eye(20), truth[:20] * 2.0 - 1)
    assert ((kernel[20:] @ weights > 0) == truth[20:]).mean() >= 0.9


def test_biases_are_small_on_disk():
    codec = SeriesCodec().fit([make_series(np.sin(np.arange(500.0)))])
    assert len(codec.biases) < 15_000
