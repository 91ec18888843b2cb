"""Anomalies: how far each step lies from what came before it foresaw, where the truth is known."""

from __future__ import annotations

import csv
import datetime
import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.data.windows.rolling import rolling_windows
from plait.errors import PlaitError
from plait.model.residuals import LEAST_HALF, NO_VALUE, TOO_LITTLE

START = datetime.datetime(2024, 1, 1)
HORIZON, LOOKBACK, PERIOD = 6, 24, 12


def wave(num, seed, *, stores=("north", "south"), noise=0.1):
    """Hours of two stores, of which each has a daily wave of its own size, and normal noise."""
    rng = np.random.default_rng(seed)
    return [
        {
            "when": f"{START + datetime.timedelta(hours=hour):%Y-%m-%d %H:%M}",
            "store": store,
            "load": 10.0 ** (2 - place)
            * (3 + np.sin(2 * np.pi * hour / PERIOD) + noise * float(rng.normal())),
        }
        for place, store in enumerate(stores)
        for hour in range(num)
    ]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("anomalies") / "load.plait"
    model = plait.fit(
        plait.read(wave(400, seed=0)), target="load", horizon=HORIZON, lookback=LOOKBACK,
        time="when", group="store", simple=True, budget="10s", out=path,
    )  # fmt: skip
    return model, path


def scores(answer):
    return np.array([np.nan if one is None else one for one in answer["load_score"]])


@pytest.mark.parametrize("every", [None, 1])
def test_planted_spikes_have_the_highest_scores(fitted, every):
    rows = wave(240, seed=1)
    planted = {70: 1.5, 131: -1.5, 240 + 97: 1.5, 240 + 200: -1.5}
    for row, size in planted.items():
        rows[row]["load"] += size * (100 if row < 240 else 10)
    answer = fitted[0].anomalies(rows, every=every)
    assert list(answer.columns) == [
        "when", "store", "steps_ahead", "load", "load_forecast", "load_q05", "load_q95",
        "load_score", "load_rank", "load_unscored",
    ]  # fmt: skip
    highest = {row for row, rank in enumerate(answer["load_rank"]) if rank is not None and rank < 5}
    assert highest == set(planted)
    assert min(answer["load_score"][row] for row in planted) > 3
    assert all((answer["load"][row] > answer["load_forecast"][row]) == (size > 0)
               for row, size in planted.items())  # fmt: skip
    top = answer["load_rank"].index(1)
    assert f"at {answer['when'][top]} of '{answer['store'][top]}'" in " ".join(answer.notes)


def test_a_tenth_lies_outside_where_nothing_is_odd():
    """Of 200 stretches of time held out; where they are few, intervals are the wider."""
    model = plait.fit(
        plait.read(wave(4000, seed=0, stores=("north",))), target="load", horizon=2, lookback=24,
        time="when", group="store", simple=True, budget="20s",
    )  # fmt: skip
    answer = model.anomalies(wave(4000, seed=2, stores=("north",)))
    found = scores(answer)
    known = ~np.isnan(found)
    assert known.sum() == 4000 - LOOKBACK
    assert 0.07 <= (found[known] > 1).mean() <= 0.13
    value, low, high = (np.array(answer[name])[known].astype(float)
                        for name in ("load", "load_q05", "load_q95"))  # fmt: skip
    outside = (value < low) | (value > high)
    assert (outside == (found[known] > 1)).mean() > 0.999
    said = f"{100 * (found[known] > 1).mean():.1f} % of {known.sum():,} values"
    assert said in " ".join(answer.notes)


@pytest.mark.parametrize("every", [None, 1])
def test_a_changed_value_changes_nothing_before_it(fitted, every):
    rows, changed = wave(120, seed=3), wave(120, seed=3)
    changed[77]["load"] = 1e4
    one, other = (fitted[0].anomalies(table, every=every) for table in (rows, changed))
    for name in ("load_forecast", "load_q05", "load_q95", "load_score"):
        before = [place for place in range(240) if place < 77 or place >= 120]
        assert [one[name][place] for place in before] == [other[name][place] for place in before]
    assert one["load_forecast"][77] == other["load_forecast"][77]
    assert one["load_score"][77] < 3 < 50 < other["load_score"][77]
    assert one["load_forecast"][80:] != other["load_forecast"][80:]


def test_rows_that_come_later_change_nothing_of_those_before(fitted):
    rows = wave(100, seed=4, stores=("north",))
    short = fitted[0].anomalies(rows[:75])
    assert len(short) == 75 and short["load_score"][74] is not None
    assert fitted[0].anomalies(rows)["load_score"][:75] == short["load_score"]


def test_it_is_what_is_foretold_of_what_came_before(fitted):
    rows = wave(60, seed=5)
    answer = fitted[0].anomalies(rows)
    cut = LOOKBACK + 2 * HORIZON
    following = fitted[0].predict([row for row in rows if row["when"] < rows[cut]["when"]])
    assert following["when"][0] == answer["when"][cut]
    assert following["load"][:HORIZON] == answer["load_forecast"][cut : cut + HORIZON]
    assert following["load_q95"][:HORIZON] == answer["load_q95"][cut : cut + HORIZON]
    assert answer["steps_ahead"][cut : cut + HORIZON] == [1, 2, 3, 4, 5, 6]
    said, high = answer["load_forecast"][cut], answer["load_q95"][cut]
    value, low = answer["load"][cut], answer["load_q05"][cut]
    half = high - said if value > said else said - low
    assert answer["load_score"][cut] == pytest.approx(abs(value - said) / half, rel=1e-4)


def test_what_is_missing_and_what_is_short_is_told(fitted):
    rows = wave(80, seed=6, stores=("north",))
    rows[40]["load"] = None
    del rows[50:52]
    rows += wave(10, seed=7, stores=("", "late"))[10:]
    answer = fitted[0].anomalies(rows)
    assert len(answer) == 78 + 10
    assert answer["load_unscored"][:LOOKBACK] == [TOO_LITTLE] * LOOKBACK
    assert answer["load_unscored"][40] == NO_VALUE and answer["load_score"][40] is None
    assert answer["load_forecast"][40] is not None and answer["load"][40] is None
    assert answer["load_unscored"][78:] == [TOO_LITTLE] * 10 and answer["steps_ahead"][80] == 0
    said = " | ".join(answer.notes)
    assert "34 rows have fewer than 24 steps" in said and "1 rows have no value" in said
    assert "2 steps without a row are gaps" in said


def test_behind_a_long_gap_it_waits_until_enough_is_known(fitted):
    rows = wave(160, seed=8, stores=("north",))
    for row in rows[60:100]:
        row["load"] = None
    why = fitted[0].anomalies(rows)["load_unscored"]
    assert why[60] == NO_VALUE and why[100] == TOO_LITTLE and why[130] is None


def test_what_never_varied_has_no_endless_score(fitted):
    rows = [{**row, "load": 5.0} for row in wave(60, seed=9, stores=("north",))]
    found = scores(fitted[0].anomalies(rows))
    assert LEAST_HALF > 0 and np.isfinite(found[LOOKBACK:]).all()


def test_each_step_is_foreseen_by_one_window(fitted):
    table = plait.read(wave(61, seed=0))
    rolled = rolling_windows(table, fitted[0].forecast.plan, every=4)
    assert [one.origin for one in rolled.windows] == 2 * list(range(24, 61, 4)) and rolled.table
    assert rolled.firsts == [one.origin for one in rolled.windows] and rolled.ends == [61, 61]
    assert rolled.table.num_rows == 20


@pytest.mark.parametrize("every", [0, HORIZON + 1])
def test_moments_lie_no_farther_apart_than_is_foreseen(fitted, every):
    with pytest.raises(PlaitError, match="1 to 6 steps"):
        fitted[0].anomalies(wave(60, seed=0), every=every)


def test_what_is_known_ahead_is_told_to_the_last_step():
    def days(num, seed):
        rng = np.random.default_rng(seed)
        for day in range(num):
            fair = float(rng.random() < 0.3)
            yield {"when": str(START.date() + datetime.timedelta(days=day)), "fair": fair,
                   "load": 5 + 4 * fair + 0.1 * float(rng.normal())}  # fmt: skip

    model = plait.fit(
        plait.read(list(days(300, 0))), target="load", horizon=5, lookback=20, time="when",
        known=["fair"], simple=True, budget="10s",
    )  # fmt: skip
    rows = list(days(103, 1))
    rows[60]["load"] += 4 if rows[60]["fair"] == 0 else -4
    ahead = [{**row, "load": None} for row in rows[-3:]]
    answer = model.anomalies([*rows[:-3], *ahead])
    assert len(answer) == 100, "the steps to be forecast are no anomalies"
    assert None not in answer["load_score"][20:] and answer["load_rank"][60] == 1
    whole = model.anomalies(rows)
    assert whole["steps_ahead"][-3:] == [3, 4, 5], "for fewer nothing would be known ahead"


def test_the_command_writes_them_beside_the_forecast(fitted, tmp_path, monkeypatch, capsys):
    _, path = fitted
    monkeypatch.chdir(tmp_path)
    rows = wave(60, seed=5)
    with open("load.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    words = ["predict", str(path), "load.csv", "--out", "next.csv"]
    assert run([*words, "--anomalies", "odd.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 12 and told["anomalies"]["rows"] == 120
    assert any("lie outside their 90 %" in one for one in told["notes"])
    with open("odd.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert written[0]["load_score"] == "" and written[0]["load_unscored"] == TOO_LITTLE
    assert float(written[30]["load_score"]) == fitted[0].anomalies("load.csv")["load_score"][30]
    assert run(["predict", str(path), "load.csv", "--out", "n.csv", "--anomalies", "odd.csv"]) == 2
    assert run([*words, "--force", "--anomalies", "next.csv"]) == 2
    assert run([*words, "--force", "--anomalies", "-"]) == 2
    assert run([*words, "--force", "--anomalies", "odd.txt"]) == 2
    few = plait.predict(path, wave(10, seed=1), anomalies="few.csv")
    assert len(few) == 12 and len((tmp_path / "few.csv").read_text().splitlines()) == 21


def test_only_a_forecast_has_a_residual(tmp_path):
    rows = [{"size": i % 5, "kind": "ab"[i % 2]} for i in range(60)]
    model = plait.fit(plait.read(rows), target="kind", simple=True, budget="5s")
    with pytest.raises(PlaitError, match="only of a forecast"):
        model.anomalies(rows)
    with pytest.raises(PlaitError, match="only of a forecast"):
        plait.predict(model, rows, anomalies=tmp_path / "odd.csv")
