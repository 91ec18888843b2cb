"""Forecasts: rows in time become windows by time, the next steps come out with honest intervals."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
from types import SimpleNamespace

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.data.windows.clock import Clock
from plait.data.windows.plan import BEFORE, SPLIT, plan_windows
from plait.data.windows.rows import judging_windows, last_windows, learning_windows
from plait.data.windows.scale import LEAST_LOCAL, Scale, spread_of
from plait.data.windows.steps import clock_of, read_steps
from plait.errors import BundleError, PlaitError
from plait.model.forecast import Forecast, local_spreads
from plait.model.interval_scale import end_of_groups

START = datetime.datetime(2024, 1, 1)


def rows(num=240, seed=0, stores=("north", "south"), noise=0.05):
    """Hours of two stores: a daily wave of each one's own size, and a temperature."""
    rng, found = np.random.default_rng(seed), []
    for place, store in enumerate(stores):
        size = 10.0 ** (2 - place)
        for hour in range(num):
            load = size * (3 + np.sin(2 * np.pi * hour / 12) + noise * rng.normal())
            when = START + datetime.timedelta(hours=hour)
            found.append({"when": when.strftime("%Y-%m-%d %H:%M"), "store": store,
                          "kind": "ab"[place], "temp": round(float(rng.normal()), 2),
                          "load": round(float(load), 3)})  # fmt: skip
    return found


def planned(table, **settings):
    given = {"time": "when", "group": "store", "horizon": 6, "lookback": 24, **settings}
    clock = clock_of(table, given["time"], given["group"])
    return plan_windows(table, ["load"], clock=clock, **given)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("forecast") / "load.plait"
    model = plait.fit(
        plait.read(rows()), target="load", horizon=6, lookback=24, time="when", group="store",
        budget="20 steps", size="tiny", out=path,
    )  # fmt: skip
    return model, path


# Windows


def test_windows_are_of_the_past_and_parts_never_share_what_is_foreseen():
    table = plait.read(rows())
    plan = planned(table)
    assert plan.beside == ("temp",) and plan.still == ("kind",)
    windows = learning_windows(table, plan)
    parts = windows.column(SPLIT)
    loads = {store: [r["load"] for r in rows() if r["store"] == store] for store in ("north",)}
    before, after = windows.column(BEFORE), windows.column("load")
    assert before[0].shape == (24, 1) and after[0].shape == (6, 1)
    north = np.array(loads["north"])[:, None]
    learned = north[: round(0.7 * len(north))]
    scale = Scale.of(north[:24], spread_of(learned))
    assert abs(before[0].mean()) < 1e-6
    assert before[0].std() == pytest.approx(north[:24].std() / learned.std(), rel=0.01)
    np.testing.assert_allclose(scale.back(before[0])[:, 0], loads["north"][:24], rtol=1e-5)
    np.testing.assert_allclose(scale.back(after[0])[:, 0], loads["north"][24:30], rtol=1e-5)
    foreseen = {part: set() for part in ("train", "validation", "test")}
    for row in range(len(windows)):
        begun = datetime.datetime.fromisoformat(windows.column("when", [row])[0])
        hours = [begun + datetime.timedelta(hours=i) for i in range(6)]
        foreseen[parts[row]].update(hours)
    assert max(foreseen["train"]) < min(foreseen["validation"])
    assert max(foreseen["validation"]) < min(foreseen["test"])


def test_a_split_that_was_said_is_kept():
    table = [{**row, "part": ("train", "val", "test")[min(row["hour"] // 60, 2)]}
             for row in ({**r, "hour": i % 240} for i, r in enumerate(rows()))]  # fmt: skip
    for row in table:
        del row["hour"]
    read = plait.read(table)
    windows = learning_windows(read, planned(read, split="part"))
    starts = {part: [] for part in ("train", "validation", "test")}
    for part, when in zip(windows.column(SPLIT), windows.column("when"), strict=True):
        starts[part].append(datetime.datetime.fromisoformat(when))
    hours = {p: [(w - START).total_seconds() / 3600 for w in found] for p, found in starts.items()}
    assert max(hours["train"]) == 54 and min(hours["validation"]) == 60
    assert max(hours["validation"]) == 114 and min(hours["test"]) == 120


def test_what_stands_still_has_a_scale():
    still = np.array([[5.0, np.nan], [5.0, np.nan]])
    scale = Scale.of(still, spread_of(still))
    assert scale.level.tolist() == [5.0, 0.0] and scale.spread.tolist() == [1.0, 1.0]
    assert scale.local.tolist() == [LEAST_LOCAL, 1.0], "what is not known varies as the series"
    np.testing.assert_allclose(scale.back(scale.without(np.array([[7.0, 1.0]]))), [[7.0, 1.0]])


def test_errors_count_as_in_the_series_and_not_as_in_a_window():
    """A calm stretch before a moment does not make what follows count more."""
    calm = [
        {"when": START + datetime.timedelta(hours=i), "load": 0.01 * (i % 2)} for i in range(60)
    ]
    wild = [
        {"when": START + datetime.timedelta(hours=60 + i), "load": float(i % 7)} for i in range(180)
    ]
    table = plait.read([*calm, *wild])
    plan = planned(table, group=None)
    after = learning_windows(table, plan).column("load")
    assert all(one.std() < 20 for one in after)
    assert np.std([one.std() for one in after[-50:]]) < 0.2


def test_a_bundle_of_windows_in_other_units_is_refused(fitted):
    told = fitted[0].forecast.to_dict()
    assert Forecast.from_dict(told).plan == fitted[0].forecast.plan
    with pytest.raises(BundleError, match="fit it again"):
        Forecast.from_dict({name: one for name, one in told.items() if name != "units"})


def test_missing_rows_are_gaps_and_the_last_window_foresees_the_unknown():
    some = [row for place, row in enumerate(rows(60, stores=("north",))) if place not in (7, 8)]
    table = plait.read(some)
    plan = planned(table, group=None)
    (series,) = read_steps(table, plan)
    assert len(series) == 60 and np.isnan(series.values[7:9]).all()
    assert not np.isnan(np.delete(series.values, [7, 8], axis=0)).any()
    windows, _, origins = last_windows(table, plan)
    assert origins == [60]
    assert windows.num_rows == 1 and windows.column("load") == [None]
    assert windows.column("when") == ["2024-01-03 12:00:00"]
    rolled = judging_windows(table, plan)
    starts = rolled.column("when")
    assert len(starts) == len(set(starts)) == (60 - 15) // 6


@pytest.mark.parametrize(
    ("times", "kind", "next_one"),
    [
        (["2024-01-31", "2024-02-29", "2024-03-31"], "month ends", "2024-04-30"),
        (["2023-11-01", "2023-12-01", "2024-01-01"], "months", "2024-02-01"),
        (["2024-02-27", "2024-02-28", "2024-02-29"], "even", "2024-03-01"),
        (["2020-05-01", "2021-05-01", "2022-05-01"], "months", "2023-05-01"),
        ([3, 5, 7], "even", 9),
    ],
)
def test_time_goes_on_as_it_did(times, kind, next_one):
    table = plait.read([{"when": t, "load": i} for i, t in enumerate(times)])
    clock = clock_of(table, "when", None)
    assert clock.kind == kind
    order = np.argsort(times)
    assert order.tolist() == [0, 1, 2]
    from plait.data.by_time import read_times

    last = float(read_times(table, "when")[-1])
    assert clock.written(clock.after(last, 1))[0] == next_one
    assert Clock(**vars(clock)) == clock


# Forecasts


def test_the_next_steps_follow_and_are_near(fitted):
    model, path = fitted
    answer = model.predict(rows())
    assert len(answer) == 12 and list(answer.columns)[:3] == ["when", "store", "load"]
    assert answer["when"][0] == "2024-01-11 00:00:00" and answer["store"][6] == "south"
    truth = rows(246, noise=0.0)
    wanted = {(row["when"] + ":00", row["store"]): row["load"] for row in truth}
    for row in answer:
        size = 100 if row["store"] == "north" else 10
        assert abs(row["load"] - wanted[row["when"], row["store"]]) < 0.2 * size
        assert row["load_q05"] < row["load"] < row["load_q95"]
    widths = np.array(answer["load_q95"]) - np.array(answer["load_q05"])
    assert 5 < widths[:6].mean() / widths[6:].mean() < 20, "each series has its own spread"
    assert plait.load(path).predict(rows()).to_dicts() == answer.to_dicts()


def test_intervals_hold_what_they_promise_on_new_rows(fitted):
    model, _ = fitted
    assert 0.8 <= model.records["metrics"]["coverage"] <= 0.98
    new = plait.read(rows(400, seed=5))
    plan = model.forecast.plan
    windows = judging_windows(new, plan)
    prepared = model.prepare(model.as_table(windows), target=True)
    made = model.predictor.outputs(prepared, np.arange(windows.num_rows))
    truth = model.truth(prepared, np.arange(windows.num_rows))
    local = local_spreads(windows, plan, np.arange(windows.num_rows))
    share = model.forecast.covered(made, truth, local)
    assert 0.85 <= share <= 0.99  # of few stretches of time, rather too wide than too narrow


def test_it_is_judged_beside_baselines_and_by_rolling_origin(fitted):
    model, path = fitted
    names = [one["name"] for one in model.records["metrics"]["candidates"]]
    assert {"deep", "typical", "nearest", "linear_map"} <= set(names)
    found = plait.evaluate(path, rows(200, seed=2))
    assert found["rows"] == 2 * ((200 - 24) // 6) and found["metrics"]["mse"] < 0.05
    assert found["missing_columns"] == [] and found["intervals"]
    told = model.records["metrics"]
    assert told["forecast"]["mase"] < 0.5 and 0 < told["forecast"]["crps"] < 0.2
    assert "MASE" in " ".join(told["notes"]) and "90 % intervals" in told["panel"]
    assert model.top_losses(rows(120, seed=3), k=2)


def test_what_was_not_there_is_missing_and_what_must_be_is_said(fitted):
    model, _ = fitted
    bare = [{k: row[k] for k in ("when", "store", "load")} for row in rows()]
    assert len(model.predict(bare)) == 12
    with pytest.raises(PlaitError, match="'load'"):
        model.predict([{k: row[k] for k in ("when", "store")} for row in rows()])
    paths = [model.predict(rows(), temperature=1.0, seed=seed)["load"][:6] for seed in (0, 0)]
    assert paths[0] == paths[1]


def test_the_commands(fitted, tmp_path, monkeypatch, capsys):
    _, path = fitted
    monkeypatch.chdir(tmp_path)
    with open("load.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows()[0]))
        writer.writeheader()
        writer.writerows(rows())
    assert run(["predict", str(path), "load.csv", "--out", "next.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 12
    assert len((tmp_path / "next.csv").read_text().splitlines()) == 13
    words = ["--target", "load", "--horizon", "6", "--time", "when", "--group", "store"]
    words += ["--simple", "--budget", "20s", "--out", "s.plait", "--json", "--quiet"]
    assert run(["fit", "load.csv", *words]) == 0
    assert json.loads(capsys.readouterr().out)["shipped"] in ("linear_map", "nearest")
    page = plait.report("s.plait", "page.html").read_text(encoding="utf8")
    assert "Forecasts" in page and "--horizon" in page and "<polygon" in page


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"time": None}, "when each row was"),
        ({"horizon": 0}, "no length"),
        ({"horizon": 100}, "too few rows"),
        ({"target": "kind"}, "only numbers are forecast"),
        ({"group": None}, "two rows are of one time"),
        ({"split": "kind"}, "something else than a split"),
        ({"weights": "temp"}, "no use for these settings"),
        ({"time": "wen"}, "'wen'"),
        ({"target": None}, "needs to know of what"),
        ({"horizon": None, "lookback": 3}, "lookback is of a forecast"),
    ],
    ids=str,
)
def test_what_cannot_be_forecast(settings, said):
    given = {"target": "load", "horizon": 6, "time": "when", "group": "store", **settings}
    with pytest.raises(PlaitError, match=said):
        plait.fit(plait.read(rows(100)), budget="2 steps", **given)


def test_a_forecast_is_not_asked_by_one_row(fitted):
    with pytest.raises(PlaitError, match="rows in time"):
        plait.ask(fitted[1], given={"store": "north"})


def test_overlapping_windows_count_as_their_stretch_of_time():
    """Errors that a stretch of time shares: six of them must not be taken for 120 windows."""
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(60):
        groups = np.repeat(np.arange(6), 20)
        errors = rng.normal(size=7)[[*groups, 6]] + 0.1 * rng.normal(size=121)
        low, high = (side * end_of_groups(side * errors[:-1], groups) for side in (-1.0, 1.0))
        inside.append(low <= errors[-1] <= high)
    assert np.mean(inside) >= 0.85


def test_a_forecast_lies_in_its_own_interval_though_all_that_was_held_out_erred_to_one_side(fitted):
    plan = dataclasses.replace(fitted[0].forecast.plan, horizon=2)
    made = np.array([SimpleNamespace(values=np.zeros((2, 1))) for _ in range(3)], object)
    true = [SimpleNamespace(values=np.full((2, 1), one)) for one in (1.0, 2.0, 3.0)]
    found = Forecast.of(plan, made, true, np.ones((3, 1)), np.arange(3))
    assert (found.low < 0).all() and (found.high > 0).all()
