"""Series of which a few days are known go on as others did that are like them by what they are."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

import plait
from plait.data.windows.usual import Usual

START = datetime.date(2024, 1, 1)


def rows(stores, num, seed=0, first=0):
    """Days of shops of two kinds, which sell more at weekends, or less; each in its own size."""
    rng, found = np.random.default_rng(seed), []
    for number in range(first, first + stores):
        about, way = (("a bar at the beach", 1), ("a hut for ski", -1))[number % 2]
        size = float(rng.uniform(5, 50))
        for day in range(num):
            load = size * (3 + way * (day % 7 >= 5) + 0.05 * rng.normal())
            found.append({"when": str(START + datetime.timedelta(days=day)), "shop": f"s{number}",
                          "about": about, "load": round(load, 3)})  # fmt: skip
    return found


@pytest.mark.parametrize("modality", ["text", "category"])
def test_a_new_shop_goes_on_as_its_kind_does(modality, tmp_path):
    columns = {"about": modality}
    model = plait.fit(
        plait.read(rows(10, 70), columns=columns), target="load", horizon=7, lookback=7,
        time="when", group="shop", budget="30s", simple=True, out=tmp_path / "m.plait",
    )  # fmt: skip
    known, num = 4, 11
    new = rows(8, num, seed=7, first=100)
    asked = [row for place, row in enumerate(new) if place % num < known]
    loads = np.array([row["load"] for row in new]).reshape(8, num)
    said = np.array(model.predict(asked)["load"]).reshape(8, 7)
    size = loads[:, :known].mean(axis=1, keepdims=True)
    error = np.abs(said - loads[:, known:]) / size
    flat = np.abs(size - loads[:, known:]) / size
    assert error.mean() < 0.5 * flat.mean()
    again = plait.load(tmp_path / "m.plait").predict(asked)
    np.testing.assert_allclose(np.array(again["load"]).reshape(8, 7), said, rtol=1e-6)


def test_what_is_not_known_of_a_spread_is_as_usual():
    wave = np.sin(np.arange(70))[:, None]
    series = [size * (3 + wave) for size in (1.0, 10.0, 50.0)]
    usual = Usual.of(series)
    assert usual.relative == (True,)
    whole = series[1].std(axis=0)
    np.testing.assert_allclose(usual.spread(series[1]), whole)
    np.testing.assert_allclose(usual.spread(np.array([[30.0]])), whole, rtol=0.05)
    alike = Usual.of([level + wave for level in (0.0, 5.0, -90.0)])
    assert alike.relative == (False,)
    assert alike.spread(np.array([[1000.0], [np.nan]]))[0] == pytest.approx(0.7, abs=0.05)
