"""Series that vary the more the higher they are are told in logarithms; none else is."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.data.windows.growth import floors_of, grows, in_logarithms, out_of_logarithms

STEPS = np.arange(144)
WAVE = np.sin(2 * np.pi * STEPS / 12)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.exp(0.02 * STEPS) * (3 + WAVE), True),
        (100 + 2 * STEPS + 5 * WAVE, False),  # rises, and varies as before
        (50 + 5 * WAVE, False),
    ],
)
def test_it_is_told_by_how_the_spread_goes_with_the_level(values, told):
    noise = np.random.default_rng(0).normal(1, 0.01, 144)
    assert grows([values * noise]) is told
    assert grows([values * noise, 7 * values * noise]) is told


def test_none_is_that_reaches_nought_and_what_falls_below_the_least_counts_as_half_of_it():
    values = (np.exp(0.02 * STEPS) * (3 + WAVE))[:, None]
    assert floors_of([values - values.min()], ["load"]) == {}
    floors = floors_of([values], ["load"])
    assert floors["load"] == pytest.approx(0.5 * values.min())
    told = in_logarithms(np.array([[2.0], [-1.0], [np.nan]]), ["load"], {"load": 0.5})
    assert told[:2, 0] == pytest.approx(np.log([2.0, 0.5])) and np.isnan(told[2, 0])
    back = out_of_logarithms(told, ["load"], {"load": 0.5})
    assert back[:2, 0] == pytest.approx([2.0, 0.5])


def test_a_short_series_that_grows_is_continued():
    """Eight years of months, of which two are foreseen: naive seasons are far below."""
    months = [f"{2000 + i // 12}-{i % 12 + 1:02d}-01" for i in range(132)]
    rng = np.random.default_rng(0)
    size = np.exp(0.01 * np.arange(132) + 0.02 * rng.normal(size=132))
    values = 100 * size * (1 + 0.3 * np.sin(2 * np.pi * np.arange(132) / 12))
    rows = [{"when": m, "load": float(v)} for m, v in zip(months, values, strict=True)]
    model = plait.fit(
        plait.read(rows[:108]), target="load", horizon=12, time="when", budget="30s", simple=True
    )
    assert model.forecast.plan.floors and any("once it was scored" in note for note in
                                              model.records["metrics"]["notes"])  # fmt: skip
    said = model.predict(rows[:120])
    true = values[120:]
    assert np.abs(np.array(said["load"]) / true - 1).mean() < 0.05
    assert (np.array(said["load_q05"]) < true).all() and (np.array(said["load_q95"]) > true).all()
    assert np.all(np.array(said["load_q05"]) > 0)
