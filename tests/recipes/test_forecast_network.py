"""The network of a forecast begins at the linear map, and learns what that lacks."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

import plait
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

START = datetime.datetime(2024, 1, 1)
TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)


def rows(num=600, product=True, seed=0):
    """Hours of a wave and of what two other columns, drawn by lot, were the hour before: their
    product, which no linear map knows, or one of them."""
    rng, found = np.random.default_rng(seed), []
    a, b = rng.normal(size=(2, num))
    for hour in range(num):
        more = a[hour - 1] * (b[hour - 1] if product else 1.0)
        load = 10 + np.sin(2 * np.pi * hour / 12) + more + 0.1 * rng.normal()
        when = START + datetime.timedelta(hours=hour)
        found.append({"when": when.strftime("%Y-%m-%d %H:%M"), "a": round(float(a[hour]), 3),
                      "b": round(float(b[hour]), 3), "load": round(float(load), 3)})  # fmt: skip
    return found


def fit(table, steps, **settings):
    return plait.fit(
        plait.read(table), target="load", horizon=1, lookback=4, time="when", size=TINY,
        budget=f"{steps} steps", **{"train": TrainConfig(batch_size=32), **settings},
    )  # fmt: skip


def errors(model):
    return {one["name"]: one["metrics"]["mse"] for one in model.records["metrics"]["candidates"]}


def test_what_the_linear_map_cannot_know_is_learned_beside_it(tmp_path):
    model = fit(rows(800), 250, out=tmp_path / "m.plait")
    found = errors(model)
    assert model.records["metrics"]["shipped"] == "deep"
    assert found["deep"] < 0.6 * found["linear_map"]
    again = plait.load(tmp_path / "m.plait")
    new = rows(100, seed=3)
    assert again.predict(new).to_dicts() == model.predict(new).to_dicts()
    paths = [model.predict(new, temperature=1.0, seed=seed)["load"] for seed in (1, 1, 2)]
    assert paths[0] == paths[1] != paths[2]


def test_where_all_is_linear_nothing_is_lost():
    model = fit(rows(product=False), 30)
    found = errors(model)
    assert found["deep"] <= 1.02 * found["linear_map"] < 0.1


def test_before_it_learned_anything_it_says_what_the_linear_map_says():
    """One step at no rate to speak of; and it does so where no simple model is asked for."""
    small = TrainConfig(batch_size=32, learning_rate=1e-9, muon_rate=1e-9)
    table = rows(300, product=False)
    found = errors(fit(table, 1, train=small))
    assert found["deep"] == pytest.approx(found["linear_map"], rel=1e-3)
    alone = fit(table, 1, train=small, baselines=False)
    assert alone.records["metrics"]["shipped"] == "deep"
    assert errors(alone)["deep"] == pytest.approx(found["linear_map"], rel=1e-3)
