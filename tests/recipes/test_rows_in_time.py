"""Rows in time as people have them: out of order, with gaps, in zones, of too few or one value."""

from __future__ import annotations

import datetime
import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.data.windows.clock import Clock
from plait.data.windows.plan import WindowPlan
from plait.data.windows.steps import clock_of, read_steps
from plait.data.windows.told import notes_on_series, notes_on_steps
from plait.errors import PlaitError

HOUR = datetime.timedelta(hours=1)


def rows(num=60, zone="UTC", form="%Y-%m-%d %H:%M", start=datetime.datetime(2024, 10, 26)):
    first = start.replace(tzinfo=ZoneInfo("UTC"))
    moments = [(first + place * HOUR).astimezone(ZoneInfo(zone)) for place in range(num)]
    return [
        {"when": moment.strftime(form), "load": round(float(np.sin(place / 4)), 4)}
        for place, moment in enumerate(moments)
    ]


def fit(table, **settings):
    given = {"target": "load", "time": "when", "horizon": 4, "lookback": 12, **settings}
    return plait.fit(plait.read(table), simple=True, budget="5 steps", **given)


def told(table, group=None, **settings):
    read = plait.read(table)
    clock = clock_of(read, "when", group)
    plan = WindowPlan(targets=("load",), time="when", group=group, horizon=4, lookback=12,
                      clock=clock, **settings)  # fmt: skip
    series = read_steps(read, plan)
    return notes_on_steps(read, plan, series), series


def test_nothing_is_said_of_rows_that_are_as_they_should_be():
    assert told(rows())[0] == ()


def test_what_was_decided_is_counted():
    table = rows()
    table[3], table[20] = table[20], table[3]
    table[30]["load"] = None
    del table[40:43]
    table.append({"when": "2024-10-26 05:02", "load": 0.0})
    said = " | ".join(told(table)[0])
    assert "put in the order of 'when'" in said and "1 rows lack a value of load" in said
    assert "3 steps without a row are gaps, the longest of 3 before row 40" in said
    assert "1 rows lie between two steps" in said


def test_gaps_are_filled_with_the_times_of_their_steps():
    table = rows()
    del table[10:13]
    (series,) = told(table)[1]
    assert set(np.diff(series.times)) == {3600.0} and np.isnan(series.values[10:13]).all()


def test_series_of_which_nothing_is_learned_are_named(tmp_path, capsys):
    table = [{**row, "shop": shop} for shop in "ab" for row in rows()]
    table.append({**rows()[0], "shop": "new"})
    model = fit(table, group="shop")
    assert "1 of 3 series are too short" in " | ".join(model.records["metrics"]["notes"])
    found = model.predict(table)
    width = np.array(found["load_q95"]) - np.array(found["load_q05"])
    assert width[8:].mean() > 0.5 * width[:8].mean(), "one value is no reason to be sure"
    assert notes_on_series([], set()) == ()


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Asia/Kolkata"])
def test_times_that_tell_their_offset_go_on_in_utc_and_say_so(zone):
    model = fit(rows(zone=zone, form="%Y-%m-%dT%H:%M:%S%z"))
    assert "forecasts are in UTC" in " | ".join(model.records["metrics"]["notes"])
    found = model.predict(rows(zone=zone, form="%Y-%m-%dT%H:%M:%S%z"))
    assert found["when"][0] == "2024-10-28 12:00:00+00:00"
    again = plait.read([{"when": one, "load": 0.1} for one in found["when"]])
    assert clock_of(again, "when", None) == Clock("even", 3600.0, dates=True, zoned=True)


@pytest.mark.parametrize(
    ("table", "settings", "said", "row"),
    [
        (rows(zone="Europe/Amsterdam"), {}, "where clocks were put back, say so", 25),
        ([{**row, "when": row["when"] + "Z" * (i == 9)} for i, row in enumerate(rows())], {},
         "some times say how far they are from UTC, and some do not", 9),
        ([{**row, "when": "1729926000"} if i == 9 else row for i, row in enumerate(rows())], {},
         "some times say how far", 9),
        ([*rows(), {"when": "2124-01-01 00:00", "load": 0.2}], {}, "mend the time of row 60", 60),
        ([*rows(), {"when": "9024-01-01 00:00", "load": 0.2}], {}, "too long to be filled", 60),
        ([{**row, "load": 5} for row in rows()], {}, "every row has the same value", None),
        (plait.read([{**row, "load": 5} for row in rows()], columns="load=number"), {},
         "nothing to learn", None),
        (rows(), {"target": "load,load"}, "'load' is named as the target, and twice", None),
        (rows(), {"time": "load"}, "'load' is named as the time, and as the target too", None),
        (rows(), {"group": "when"}, "'when' is named as the group, and as the time too", None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(table, settings, said, row):
    with pytest.raises(PlaitError) as caught:
        fit(table, **settings)
    assert said in str(caught.value) and caught.value.row == row


def test_a_history_of_few_values_is_read_as_the_numbers_that_were_learned():
    table = [{**row, "heat": round(float(np.cos(i / 4)), 3)} for i, row in enumerate(rows())]
    model = fit(table)
    for history in (table[:1], [{**row, "load": 5, "heat": 1} for row in table[:20]]):
        found = model.predict(history)
        assert len(found) == 4 and np.isfinite(found["load"]).all()
    with pytest.raises(PlaitError, match="not a number") as caught:
        model.predict([{**row, "load": "closed"} for row in table[:20]])
    assert (caught.value.column, caught.value.row) == ("load", 0)


def test_a_prediction_says_what_was_decided_of_its_rows(tmp_path, capsys):
    table = rows()
    fit(table).save(tmp_path / "m.plait")
    mixed = [table[1], table[0], *table[2:20], *table[23:]]
    mixed[30] = {**mixed[30], "load": None}
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, mixed)))
    words = ["predict", str(tmp_path / "m.plait"), str(tmp_path / "t.jsonl")]
    assert run([*words, "--out", str(tmp_path / "p.csv")]) == 0
    err = capsys.readouterr().err
    assert "put in the order of 'when'" in err and "1 rows lack a value of load" in err
    assert "3 steps without a row are gaps" in err


def test_a_lookback_is_no_longer_than_the_rows():
    model = fit(rows(), lookback=10**12)
    assert model.forecast.plan.lookback == 60


def test_a_series_without_a_value_is_named_with_its_row(tmp_path, capsys):
    table = [{**row, "shop": shop} for shop in "ab" for row in rows()]
    model = fit(table, group="shop")
    model.save(tmp_path / "m.plait")
    lines = [{**row, "load": None if row["shop"] == "b" else row["load"]} for row in table]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    words = ["predict", str(tmp_path / "m.plait"), str(tmp_path / "t.jsonl")]
    assert run([*words, "--out", str(tmp_path / "p.csv")]) == 1
    err = capsys.readouterr().err
    assert "last steps of 'b'" in err and "row 119" in err and "leave out its rows" in err
