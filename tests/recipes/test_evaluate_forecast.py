"""Forecasts judged on a later table: as in the record of the fit, and by what predict tells."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.cli import run

sys.path.insert(0, str(Path(__file__).parent))

from daily_load import days

HORIZON, LOOKBACK = 4, 21


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("judged") / "load.plait"
    model = plait.fit(
        plait.read(days(400, 0)), target="load", horizon=HORIZON, lookback=LOOKBACK, time="when",
        simple=True, budget="20 steps", out=path,
    )  # fmt: skip
    return model, path


def test_scores_are_those_of_what_predict_tells_at_each_origin(fitted):
    model, path = fitted
    rows = days(100, 1)
    values = np.array([row["load"] for row in rows])
    gaps, changes, inside, pinball = [], [], [], []
    for origin in range(LOOKBACK, 100 - HORIZON + 1, HORIZON):
        told = model.predict(rows[:origin])
        came, spread = values[origin : origin + HORIZON], values[:origin].std()
        said, low, high = (np.array(told[name]) for name in ("load", "load_q05", "load_q95"))
        gaps.append(np.abs(came - said).mean() / spread)
        changes.append(np.abs(np.diff(values[origin - LOOKBACK : origin])).mean() / spread)
        inside.append((came >= low) & (came <= high))
        pinball.append([np.maximum(level * (came - one), (level - 1) * (came - one)) / spread
                        for level, one in ((0.05, low), (0.5, said), (0.95, high))])  # fmt: skip
    found = plait.evaluate(path, rows)
    assert found["rows"] == len(gaps) == 19
    assert found["forecast"]["mase"] == pytest.approx(np.mean(gaps) / np.mean(changes), rel=1e-3)
    assert found["forecast"]["pinball"] == pytest.approx(np.mean(pinball), rel=1e-3)
    assert found["coverage"] == pytest.approx(np.mean(inside))
    assert 0 < found["forecast"]["crps"] < 0.5
    assert any("CRPS" in one and "90 % intervals held" in one for one in found["notes"])


def test_they_are_near_those_of_the_record_in_the_time_of_its_test(fitted):
    model, _ = fitted
    record = model.records["metrics"]["forecast"]
    found = model.evaluate(days(400, 0)[-80 - LOOKBACK :])["forecast"]
    assert set(found) == set(record) == {"crps", "pinball", "mase"}
    for name in found:
        assert 0.5 < found[name] / record[name] < 2


def test_a_later_table_that_is_wilder_is_judged_worse(fitted):
    model, _ = fitted
    wild = days(100, 1)
    for row, extra in zip(wild, np.random.default_rng(3).normal(size=100), strict=True):
        row["load"] += 2 * extra if row["when"] > "2024-03" else 0.0
    calm, found = model.evaluate(days(100, 1)), model.evaluate(wild)
    assert found["forecast"]["crps"] > 2 * calm["forecast"]["crps"]
    assert found["coverage"] < calm["coverage"]


def test_the_command_prints_them(fitted, tmp_path, capsys):
    path = tmp_path / "load.csv"
    path.write_text("\n".join(["when,load", *(f"{r['when']},{r['load']}" for r in days(60, 1))]))
    assert run(["evaluate", str(fitted[1]), str(path)]) == 0
    said = capsys.readouterr().out
    assert "CRPS" in said and "MASE" in said and "90 % intervals" in said
    assert run(["evaluate", str(fitted[1]), str(path), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["forecast"]) == {"crps", "pinball", "mase"}
