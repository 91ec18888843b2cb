"""Series that vary the more the higher they are are told in logarithms; none else is."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.data.windows.growth import floors_of, grows, in_logarithms, out_of_logarithms
from plait.fitting.records import forecasts
from plait.fitting.setup.timetable import Timetable

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


def growing():
    """Eleven years of months that grow, as rows, and their values."""
    months = [f"{2000 + i // 12}-{i % 12 + 1:02d}-01" for i in range(132)]
    rng = np.random.default_rng(0)
    size = np.exp(0.01 * np.arange(132) + 0.02 * rng.normal(size=132))
    values = 100 * size * (1 + 0.3 * np.sin(2 * np.pi * np.arange(132) / 12))
    return [{"when": m, "load": float(v)} for m, v in zip(months, values, strict=True)], values


def fit(rows):
    return plait.fit(
        plait.read(rows), target="load", horizon=12, time="when", budget="30s", simple=True
    )


def test_a_short_series_that_grows_is_continued():
    """Eight years of months, of which two are foreseen: naive seasons are far below."""
    rows, values = growing()
    model = fit(rows[:108])
    assert model.forecast.plan.floors and any("once it was scored" in note for note in
                                              model.records["metrics"]["notes"])  # fmt: skip
    said = model.predict(rows[:120])
    true = values[120:]
    assert np.abs(np.array(said["load"]) / true - 1).mean() < 0.05
    assert (np.array(said["load_q05"]) < true).all() and (np.array(said["load_q95"]) > true).all()
    assert np.all(np.array(said["load_q05"]) > 0)


def test_what_would_end_after_the_time_is_left_out_and_said(monkeypatch):
    asked = []
    monkeypatch.setattr(forecasts, "_has_time", lambda timetable, seconds: asked.append(seconds))
    notes = fit(growing()[0][:108]).records["metrics"]["notes"]
    assert len(asked) == 1 and asked[0] > 0
    assert any("wide ones" in note for note in notes)
    assert not any("once it was scored" in note for note in notes)


def test_there_is_time_while_as_much_is_left_as_foreseen():
    short = Timetable(seconds=100.0, began=0.0, clock=lambda: 0.0)
    assert forecasts._has_time(short, 10.0) and not forecasts._has_time(short, 100.0)
    assert forecasts._has_time(Timetable(seconds=None, began=0.0), 1e9)
