"""Series that are alike in 64 steps are told apart by their fine part, and copies are not."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from plait.modalities.series import fine
from plait.modalities.series.cells import make_series
from plait.modalities.series.codec import SeriesCodec
from plait.modalities.series.fine import fine_part


def beats(rng):
    """Eight seconds of heart beats at 100 a second, whose intervals vary by some percent."""
    time, e = np.arange(int(rng.integers(700, 800))) / 100.0, 0.0
    for beat in np.cumsum(np.clip(0.9 + rng.normal(0, 0.04, 12), 0.3, None)):
        e = e + np.exp(-(((time - beat) / 0.03) ** 2))
    return (e + rng.normal(0, 0.05, len(time)))[:, None]


def hum(rng):
    """A machine at one speed: the same oscillation every time, under noise of its own."""
    return (np.sin(np.arange(700) * 0.3) + rng.normal(0, 0.35, 700))[:, None]


def sketches(series):
    codec = SeriesCodec()
    return [codec.fingerprint(make_series(values)).sketch for values in series]


@pytest.mark.parametrize("kind", [beats, hum])
def test_takes_of_one_process_are_not_copies(kind):
    rng = np.random.default_rng(0)
    pairs = combinations(sketches([kind(rng) for _ in range(40)]), 2)
    assert not any(SeriesCodec().alike(one, other) for one, other in pairs)


def test_by_64_steps_alone_heart_beats_would_be_copies(monkeypatch):
    rng = np.random.default_rng(0)
    pairs = combinations(sketches([beats(rng) for _ in range(40)]), 2)
    monkeypatch.setattr(fine, "MOST_LEFT", 9.0)
    assert any(SeriesCodec().alike(one, other) for one, other in pairs)


def resampled(values, num):
    places = np.linspace(0, len(values) - 1, num)
    return np.interp(places, np.arange(len(values)), values[:, 0])[:, None]


@pytest.mark.parametrize(
    "edit",
    [
        lambda values, rng: values[11:-17],
        lambda values, rng: 1.04 * values,
        lambda values, rng: values + 0.01 * values.std() * rng.normal(size=values.shape),
        lambda values, rng: resampled(values, 600),
        lambda values, rng: resampled(values[11:-5], 850),
    ],
    ids=["cut", "gain", "noise", "resampled", "cut and resampled"],
)
def test_copies_of_heart_beats_are_found(edit):
    rng = np.random.default_rng(1)
    series = [beats(rng) for _ in range(30)]
    mine, copies = sketches(series), sketches([edit(values, rng) for values in series])
    found = [SeriesCodec().alike(*pair) for pair in zip(mine, copies, strict=True)]
    assert np.mean(found) >= 0.95


def test_short_series_and_carriers_have_no_fine_part():
    rng = np.random.default_rng(2)
    assert len(fine_part(rng.normal(size=(150, 1)))) == 0
    carrier = np.tile([-0.6, -0.5, 1.6, -0.5], 200)[:, None] + 0.01 * rng.normal(size=(800, 1))
    assert len(fine_part(carrier)) == 0
    assert fine_part(rng.normal(size=(800, 1))).shape == (400, 1)
    assert fine_part(rng.normal(size=(5000, 9))).shape == (128, 4)
