"""Noise between two draws: as long as noise is, and the ends are the draws."""

import numpy as np
import pytest

from plait.data.prepared import prepare_rows
from plait.data.table import read
from plait.modalities import Asked
from plait.modalities.category.codec import CategoryCodec
from plait.networks.generate_rows import Between, generated_rows


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


class Noisy:
    """A drawer of one number of noise a row."""

    columns = ("kind",)

    def draw(self, arrays, rngs, asked):
        return [{"x": rng.standard_normal(1)} for rng in rngs]


def test_rows_that_hold_the_same_are_drawn_alike_unless_apart():
    codec = CategoryCodec().fit(["a", "b"])
    prepared = prepare_rows(read([{"kind": "a"}] * 3 + [{"kind": "b"}]), {"kind": codec})

    def drawn(rows, **asked):
        found = generated_rows(Noisy(), prepared, rows, Asked(**asked))
        return [float(one["x"][0]) for one in found]

    alike, apart = drawn([0, 1, 2, 3]), drawn([0, 1, 2, 3], apart=True)
    assert len(set(alike)) == 2 and len(set(apart)) == 4
    assert drawn([2, 0], apart=True) == [apart[2], apart[0]]
