"""Errors of simple models on windows in time are told by fits that did not see them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

import plait
from plait.baselines.features import FeatureMap
from plait.baselines.generated import Nearest, Typical
from plait.data.fitting import fit_codecs
from plait.data.grouping import said_groups
from plait.data.prepared import prepare_rows
from plait.data.windows.plan import BEFORE, BLOCK
from plait.fitting.records.left_out import left_out
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.windows import in_time
from plait.modalities.series.codec import SeriesCodec
from plait.model.forecast import Forecast
from plait.model.interval_scale import end_of_few_groups
from plait.train.budget import Budget

START = datetime.datetime(2024, 1, 1)
HORIZON, LOOKBACK = 4, 8


def noise(num=120, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {"when": str(START + datetime.timedelta(hours=hour)), "load": float(rng.normal())}
        for hour in range(num)
    ]


@pytest.fixture(scope="module")
def told():
    asked = FitConfig.of(
        target="load", time="when", horizon=HORIZON, lookback=LOOKBACK, budget=Budget(5, "steps")
    )
    table, _, plan = in_time(plait.read(noise()), asked)
    rows = np.arange(table.num_rows)
    names = (plan.named(BEFORE), plan.goal)
    codecs = fit_codecs(table, names, rows)
    prepared = prepare_rows(table, codecs)
    targets = [prepared.columns[plan.goal][int(row)] for row in rows]
    _, matrices = FeatureMap.fit(prepared, names[:1], rows)
    return (
        plan,
        codecs[plan.goal],
        matrices.grouped(said_groups(table, plan.named(BLOCK))[rows]),
        targets,
    )


def error(said, true):
    pairs = zip(said, true, strict=True)
    return float(np.mean([(a["values"] - b["values"]) ** 2 for a, b in pairs]))


def test_the_nearest_row_is_never_the_row_itself(told):
    _, codec, matrices, targets = told
    known = Nearest()
    known.fit(matrices, targets, codec, seed=0)
    assert error(known.answer(matrices), targets) == 0.0
    said = left_out(Nearest, matrices, targets, codec, -(-LOOKBACK // HORIZON) + 1)
    assert error(said, targets) > 0.7 * 2 * float(np.var([one["values"] for one in targets]))


def test_every_stretch_of_time_tells_of_a_typical_value(told):
    plan, codec, matrices, targets = told
    said = left_out(Typical, matrices, targets, codec, 3)
    assert len(said) == len(targets) and len(np.unique(matrices.units)) > 20
    raws = np.array([codec.decode(one) for one in said], object)
    true = [codec.decode(one) for one in targets]
    ones = np.ones((len(true), 1))
    found = Forecast.of(plan, raws, true, ones, matrices.units)
    assert 0.85 <= found.covered(raws, true, ones) <= 0.99


def test_one_stretch_of_time_is_as_wide_as_one_value_allows():
    """Of two draws of one normal law, the second lies within the first's end nineteen times in
    twenty; within the first itself only three times in four."""
    rng = np.random.default_rng(0)
    seen, new = rng.normal(size=(2, 2000))
    ends = [end_of_few_groups(np.full(3, one), np.zeros(3, int)) for one in seen]
    assert np.mean(new <= ends) == pytest.approx(0.95, abs=0.015)


def fitted(num, **settings):
    return plait.fit(
        plait.read(noise(num)), target="load", time="when", horizon=HORIZON, lookback=LOOKBACK,
        simple=True, samples=False, **settings,
    )  # fmt: skip


def warned(model):
    return [one["text"] for one in model.records["metrics"]["warnings"] if "rest on" in one["text"]]


def test_what_ships_beside_the_linear_map_has_intervals_of_all_windows(monkeypatch):
    """Of the three or four stretches that chose alone they held what these happened to hold."""
    monkeypatch.setattr(SeriesCodec, "baselines", ())
    model = fitted(120)
    assert model.parts.shipped in ("typical", "nearest")
    (said,) = (note for note in model.records["metrics"]["notes"] if "stretches of time" in note)
    assert int(said.split(" of ")[1].split()[0]) > 15 and not warned(model)


def test_few_stretches_of_time_are_warned_of():
    (said,) = warned(fitted(36))
    assert "stretches of time alone" in said and "Student's t" in said
