"""Columns that are known ahead: told for the steps to be forecast; of all others only the past."""

from __future__ import annotations

import csv
import datetime
import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.data.windows.known import labels_ahead
from plait.data.windows.plan import KNOWN, WindowPlan, plan_windows
from plait.data.windows.rows import learning_windows
from plait.data.windows.steps import clock_of
from plait.errors import PlaitError

START = datetime.date(2024, 1, 1)


def rows(num=400, seed=0, stores=("",), noise=0.05):
    """Days of a weekly wave that goes up by 2 on holidays and down by the price, both by lot."""
    rng, found = np.random.default_rng(seed), []
    for store in stores:
        for day in range(num):
            price = round(float(rng.normal()), 3)
            holiday = ("none", "none", "none", "fair")[rng.integers(4)]
            load = 5 + np.sin(2 * np.pi * day / 7) + 2 * (holiday == "fair") - price
            when = START + datetime.timedelta(days=day)
            found.append({"when": str(when), **({"store": store} if store else {}),
                          "price": price, "holiday": holiday,
                          "wind": round(float(rng.normal()), 3),
                          "load": round(float(load + noise * rng.normal()), 4)})  # fmt: skip
    return found


def asked(table, horizon):
    """The rows as they are asked: the last ones without their target, and what it truly is."""
    kept = [dict(row) for row in table]
    for row in kept[-horizon:]:
        row["load"] = None
    return kept, [row["load"] for row in table[-horizon:]]


def fit(table, **settings):
    given = {"target": "load", "horizon": 7, "lookback": 21, "time": "when", "simple": True}
    return plait.fit(plait.read(table), budget="30s", **{**given, **settings})


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("known") / "m.plait"
    return fit(rows(), known=("price", "holiday"), out=path), path


def test_what_is_known_ahead_is_heeded_to_the_day(fitted):
    model, path = fitted
    told = {one["name"]: one["metrics"]["mse"] for one in model.records["metrics"]["candidates"]}
    bare = fit(rows(), exclude=("price", "holiday")).records["metrics"]["candidates"]
    without = {one["name"]: one["metrics"]["mse"] for one in bare}
    assert told["linear_map"] < 0.1 * without["linear_map"]
    new, truth = asked(rows(200, seed=3), 7)
    answer = model.predict(new)
    assert answer["when"] == [row["when"] for row in new[-7:]]
    assert np.abs(np.array(answer["load"]) - truth).max() < 0.3
    assert plait.load(path).predict(new).to_dicts() == answer.to_dicts()
    changed = [{**row, "price": row["price"] + (place == 198)} for place, row in enumerate(new)]
    moved = np.array(model.predict(changed)["load"]) - answer["load"]
    np.testing.assert_allclose(moved[[0, 1, 2, 3, 4, 6]], 0.0, atol=1e-6)
    assert moved[5] == pytest.approx(-1.0, abs=0.1)


def test_of_what_is_not_known_ahead_nothing_behind_the_last_target_is_read(fitted):
    model, _ = fitted
    new, _ = asked(rows(200, seed=3), 7)
    said = model.predict(new).to_dicts()
    for lie in (1e6, None, "nonsense"):
        told = [{**row, "wind": lie} if row["load"] is None else row for row in new]
        if lie == "nonsense":
            told = plait.read(told, columns={"wind": "number"}, on_error="skip")
        assert model.predict(told).to_dicts() == said
    bare = fit(rows(120))
    before = bare.predict(rows(100, seed=3)).to_dicts()
    assert bare.predict(rows(101, seed=3)[:100]).to_dicts() == before


def test_windows_are_told_it_beside_their_steps():
    table = plait.read(rows(120))
    given = {"time": "when", "group": None, "horizon": 7, "lookback": 21}
    plan = plan_windows(
        table, ["load"], clock=clock_of(table, "when", None), known=("price", "holiday"), **given
    )
    assert plan.known == {"price": (), "holiday": ("fair", "none")} and plan.beside == ("wind",)
    assert plan.still == () and WindowPlan.from_dict(plan.to_dict()) == plan
    cell = learning_windows(table, plan).column(KNOWN)[0]
    assert cell.shape == (28, 3)
    np.testing.assert_allclose(cell[:, 0], [row["price"] for row in rows(120)[:28]], rtol=1e-5)
    np.testing.assert_array_equal(cell[:, 1] + cell[:, 2], 1.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table[:-2], "too few rows"),
        (lambda table: [*table[:-1], {**table[-1], "price": None}], r"step 7.*(?s:.)*price"),
        (lambda table: [*table[:-3], {**table[-3], "holiday": ""}, *table[-2:]], "step 5"),
        (lambda table: [{k: row[k] for k in row if k != "price"} for row in table], "not there"),
    ],
)
def test_what_is_known_ahead_must_be_there(fitted, change, said):
    new, _ = asked(rows(100), 7)
    with pytest.raises(PlaitError, match=said) as caught:
        fitted[0].predict(change(new))
    assert caught.value.column in ("price", "holiday")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"known": "load"}, "cannot be known ahead"),
        ({"known": "pric"}, "'pric'"),
        ({"known": "when"}, "cannot be known ahead"),
        ({"known": "price", "lookback": 2045}, "too many steps"),
        ({"known": "price", "horizon": None, "lookback": None}, "are of a forecast"),
    ],
)
def test_what_cannot_be_known_ahead(settings, said):
    with pytest.raises(PlaitError, match=said):
        fit(rows(60), **settings)


def test_only_numbers_and_categories_are_known_ahead():
    table = plait.read([{**row, "note": f"a text of {place} words"} for place, row in
                        enumerate(rows(60))], columns={"note": "text"})  # fmt: skip
    with pytest.raises(PlaitError, match="only numbers and categories"):
        labels_ahead(table, ["note"], ("load",))


def test_the_commands_by_group(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table = rows(150, stores=("north", "south"))
    new = [
        {**row, "load": "" if place % 150 >= 143 else row["load"]}
        for place, row in enumerate(rows(150, seed=2, stores=("north", "south")))
    ]
    for name, some in (("load.csv", table), ("new.csv", new)):
        with open(name, "w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(some)
    words = ["--target", "load", "--horizon", "7", "--time", "when", "--group", "store"]
    words += ["--known", "price,holiday", "--simple", "--budget", "30s", "--out", "s.plait"]
    assert run(["fit", "load.csv", *words, "--json", "--quiet"]) == 0
    capsys.readouterr()
    assert run(["predict", "s.plait", "new.csv", "--out", "next.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 14
    with open("next.csv") as file:
        said = list(csv.DictReader(file))
    assert [row["when"] for row in said[:7]] == [row["when"] for row in new[143:150]]
    page = plait.report("s.plait", "page.html").read_text(encoding="utf8")
    assert "--known</span> price,holiday" in page
    found = plait.evaluate("s.plait", plait.read("load.csv"))
    assert found["rows"] > 10 and found["metrics"]["mse"] < 0.2
