"""Noise between two draws: as long as noise is, and the ends are the draws."""

import numpy as np
import pytest

from plait.networks.generate_rows import Between


def rngs():
    return np.random.default_rng(1), np.random.default_rng(2)


def between(share):
    return Between(*rngs(), share).standard_normal((3, 20_000), np.float32)


def test_the_ends_are_the_draws():
    first, second = (rng.standard_normal((3, 20_000), np.float32) for rng in rngs())
    assert np.allclose(between(1e-9), first, atol=1e-5)
    assert np.allclose(between(1 - 1e-9), second, atol=1e-5)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_noise_stays_noise(share):
    found = between(share)
    assert found.dtype == np.float32 and found.shape == (3, 20_000)
    assert abs(found.mean()) < 0.01 and found.std() == pytest.approx(1.0, abs=0.01)
    first = rngs()[0].standard_normal((3, 20_000), np.float32)
    told = np.corrcoef(found.ravel(), first.ravel())[0, 1]
    assert told == pytest.approx(np.sin((1 - share) * np.pi / 2), abs=0.02)
