"""Quantiles of a forecast: those that are asked, of the errors by which its interval is known."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import PlaitError
from plait.model.wants import Wants

sys.path.insert(0, str(Path(__file__).parent))

from daily_load import days


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("quantiles") / "load.plait"
    model = plait.fit(
        plait.read(days(500, 0)), target="load", horizon=4, lookback=21, time="when",
        simple=True, budget="10s", out=path,
    )  # fmt: skip
    return model, path


def test_what_is_asked_is_told_and_rises(fitted):
    model, rows = fitted[0], days(100, 1)
    levels = [0.9, 0.025, 0.5, 0.1, 0.999]
    answer = model.predict(rows, quantiles=levels)
    ends = ["_q02.5", "_q10", "_q50", "_q90", "_q99.9"]
    assert list(answer.columns) == ["when", "load", *(f"load{end}" for end in ends)]
    found = np.array([answer[f"load{end}"] for end in ends])
    assert (np.diff(found, axis=0) > 0).all()
    assert answer["load_q50"] == answer["load"], "the forecast is the middle"


def test_they_are_of_the_normal_halves_that_end_where_the_interval_does(fitted):
    model, rows = fitted[0], days(100, 1)
    usual = model.predict(rows)
    assert list(usual.columns) == ["when", "load", "load_q05", "load_q95"]
    same = model.predict(rows, quantiles=(0.05, 0.95))
    assert same.to_dicts() == usual.to_dicts()
    answer = model.predict(rows, quantiles=(0.1, 0.9))
    for end, other, level in (("_q05", "_q10", 0.1), ("_q95", "_q90", 0.9)):
        part = NormalDist().inv_cdf(level) / NormalDist().inv_cdf(0.05 if level < 0.5 else 0.95)
        said = np.array(usual["load"])
        wanted = said + part * (np.array(usual[f"load{end}"]) - said)
        np.testing.assert_allclose(answer[f"load{other}"], wanted, rtol=1e-5)


@pytest.mark.parametrize("levels", [(0.0, 0.5), (0.5, 1.0), (float("nan"),), (95.0,), ()])
def test_what_is_no_quantile_is_refused(fitted, levels):
    with pytest.raises(PlaitError, match="no quantiles"):
        fitted[0].predict(days(60, 1), quantiles=levels)


def test_paths_and_other_models_have_none(fitted):
    with pytest.raises(PlaitError, match="a path that is drawn"):
        fitted[0].predict(days(60, 1), quantiles=(0.5,), temperature=1.0)
    for asked in (Wants(quantiles=(0.5,)), Wants(quantiles=())):
        with pytest.raises(PlaitError, match="nothing is forecast here"):
            asked.only("top")


def test_the_command(fitted, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = ["when,load", *(f"{row['when']},{row['load']}" for row in days(60, 1))]
    (tmp_path / "load.csv").write_text("\n".join(lines))
    words = ["predict", str(fitted[1]), "load.csv", "--out", "next.csv", "--quantiles"]
    assert run([*words, "0.1, 0.9"]) == 0
    head = (tmp_path / "next.csv").read_text().splitlines()[0]
    assert head.replace('"', "") == "when,load,load_q10,load_q90"
    assert run([*words, "low", "--force"]) == 2
    assert "no quantiles" in capsys.readouterr().err
