"""What rows in time are learned from: nothing that the test holds, and no time told by another."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

import plait
from plait.baselines.features import FeatureMap
from plait.data.fitting import fit_codecs
from plait.data.grouping import said_groups
from plait.data.prepared import prepare_rows
from plait.data.windows.clock import ORDER
from plait.data.windows.plan import BEFORE, BLOCK, SPLIT
from plait.data.windows.rows import judging_windows
from plait.data.windows.steps import read_steps
from plait.data.windows.stretches import stretches_of
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.windows import in_time
from plait.modalities.series.linear_map import LinearMap
from plait.train.budget import Budget

START = datetime.date(2024, 1, 1)


def rows(shops=("a", "b"), num=100, first=None, seed=0):
    """Days of shops whose sales grow, and vary the more; some begin later."""
    rng, found = np.random.default_rng(seed), []
    for shop in shops:
        begun = (first or {}).get(shop, 0)
        for day in range(begun, num):
            load = float(np.exp(0.03 * day + 0.2 * rng.normal()))
            when = str(START + datetime.timedelta(days=day))
            found.append({"when": when, "shop": shop, "load": load})
    return found


def windows(table, **settings):
    given = {"group": "shop", "horizon": 5, "lookback": 10, **settings}
    asked = FitConfig.of(target="load", time="when", budget=Budget(5, "steps"), **given)
    found, _, plan = in_time(plait.read(table), asked)
    return found, plan


def test_windows_of_one_time_are_one_group_and_groups_follow_each_other():
    found, plan = windows(rows(first={"b": 33}))
    by_time: dict[str, set[str]] = {}
    for when, group in zip(found.column("when"), found.column(plan.named(BLOCK)), strict=True):
        by_time.setdefault(when, set()).add(group)
    assert max(map(len, by_time.values())) == 1
    for part in ("train", "validation", "test"):
        own = np.flatnonzero(np.array(found.column(SPLIT)) == part)
        groups = [int(one) for one in found.column(plan.named(BLOCK), own)]
        assert groups == sorted(groups)
    late = np.flatnonzero(np.array(found.column("when")) >= "2024-03-01")
    assert {"a", "b"} == set(found.column("shop", late[:10]))


def test_where_time_is_only_an_order_the_longest_series_tells_it():
    _, plan = windows(rows())
    series = read_steps(plait.read(rows(first={"b": 40})), plan)
    ordered = dataclasses.replace(plan, clock=dataclasses.replace(plan.clock, kind=ORDER))
    one, other = stretches_of(series, ordered)
    assert one.tolist() == [place // 5 for place in range(100)]
    assert other.tolist() == one[40:].tolist()


def test_what_the_test_holds_changes_no_unit():
    told = rows()
    other = [dict(row) for row in told]
    late = str(START + datetime.timedelta(days=80))
    for row in other:
        if row["when"] > late:
            row["load"] = -100 * row["load"]
    plans = [windows(table)[1] for table in (told, other)]
    assert plans[0].floors and plans[0] == plans[1]


def test_a_series_that_begins_in_the_test_is_told_by_what_is_known_of_it():
    begun = rows(first={"b": 82})
    other = [dict(row) for row in begun]
    for row in other:
        if row["shop"] == "b" and row["when"] > str(START + datetime.timedelta(days=94)):
            row["load"] = 1000 * row["load"]
    seen = []
    for table in (begun, other):
        found, plan = windows(table)
        shops, times = found.column("shop"), found.column("when")
        own = [
            place for place, shop in enumerate(shops)
            if shop == "b" and times[place] == str(START + datetime.timedelta(days=90))
        ]  # fmt: skip
        seen.append([found.column(name, own)[0] for name in (plan.named(BEFORE), *plan.levels)])
    np.testing.assert_array_equal(seen[0][0], seen[1][0])
    assert seen[0][1:] == seen[1][1:]


@pytest.mark.parametrize("num", [1, 3])
def test_what_falls_below_the_least_that_was_learned_from_is_counted(num):
    table = rows()
    for row in table[100 - num : 100]:
        row["load"] = -1.0
    found, plan = windows(table)
    notes = " | ".join(found.notes)
    assert "load" in plan.floors and "in logarithms, and so errors count" in notes
    assert f"{num} values of 'load' lie below" in notes
    assert "lie below" not in " | ".join(windows(rows())[0].notes)


def shared_fate(num, seed):
    """Hours of six shops that share nearly all that happens to them."""
    rng, fate = np.random.default_rng(seed), [0.0]
    for _ in range(num - 1):
        fate.append(0.9 * fate[-1] + rng.normal())
    return [
        {"when": str(datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=hour)),
         "shop": shop, "load": size + fate[hour] + 0.01 * rng.normal()}
        for shop, size in zip("abcdef", range(10, 70, 10), strict=True) for hour in range(num)
    ]  # fmt: skip


def test_what_is_said_left_out_of_series_of_one_fate_is_as_wrong_as_what_is_said_of_new_times():
    """Left out of one series alone, its errors were learned by heart from the others."""
    told, plan = windows(shared_fate(200, 0), horizon=8, lookback=24)
    rows = np.flatnonzero(np.array(told.column(SPLIT)) == "train")
    names = (plan.named(BEFORE), plan.goal)
    codecs = fit_codecs(told, names, rows)

    def of(table, rows):
        prepared = prepare_rows(table, codecs)
        return prepared, [prepared.columns[plan.goal][int(row)] for row in rows]

    prepared, targets = of(told, rows)
    features, matrices = FeatureMap.fit(prepared, names[:1], rows)
    matrices = matrices.grouped(said_groups(told, plan.named(BLOCK))[rows])
    model = LinearMap()
    model.fit(matrices, targets, codecs[plan.goal], seed=0)
    new = judging_windows(plait.read(shared_fate(1500, 1)), plan)
    every = np.arange(new.num_rows)
    prepared, came = of(new, every)
    of_new = error(model.answer(features.matrices(prepared, every)), came)
    assert error(model.left_out(matrices, targets), targets) > 0.85 * of_new


def error(said, true):
    pairs = zip(said, true, strict=True)
    return float(np.mean([(a["values"] - b["values"]) ** 2 for a, b in pairs]))
