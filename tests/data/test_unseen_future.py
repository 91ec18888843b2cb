"""What rows in time are learned from: nothing that the test holds, and no time told by another."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

import plait
from plait.data.windows.clock import ORDER
from plait.data.windows.plan import BEFORE, BLOCK, SPLIT
from plait.data.windows.steps import read_steps
from plait.data.windows.stretches import stretches_of
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.windows import in_time
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
