"""Folds hold no row of the test, keep groups whole, and never learn from what comes later."""

import numpy as np
import pytest

import plait
from plait.errors import UsageError
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.problem import make_problem
from plait.progress import SILENT
from plait.tuning.folds import make_folds


def problem(num=120, **rows):
    rng = np.random.default_rng(0)
    table = plait.read(
        [
            {
                "size": float(rng.normal()),
                "who": f"person {i % 24}",
                "day": f"2024-{1 + i % 12:02}-{1 + i % 28:02}",
                "kind": "ab"[i % 2],
            }
            for i in range(num)
        ]
    )
    settings = {"exclude": (), "seed": 0, "progress": SILENT, "simple": True}
    return make_problem(table, target="kind", rows=Rows(**rows), **settings)


def test_every_row_judges_once_and_none_of_the_test():
    own = problem()
    folds = make_folds(own, time=None, seed=0)
    held = np.concatenate([one.held for one in folds])
    assert len(held) == len(np.unique(held)) == 120 - len(own.splits.test)
    for one in folds:
        assert not np.isin(own.splits.test, np.concatenate([one.learned, one.held])).any()
        assert not np.isin(one.held, one.learned).any()
    other = make_folds(own, time=None, seed=1, named="fresh ")
    assert other[0].name == "fresh 0" and not np.array_equal(other[0].held, folds[0].held)


def test_groups_stay_whole():
    own = problem(group="who")
    for one in make_folds(own, time=None, seed=0):
        assert not np.isin(own.groups[one.learned], one.groups).any()


def test_rows_in_time_are_judged_by_what_was_learned_before():
    own = problem(time="day")
    days = np.array(own.table.column("day"))
    for one in make_folds(own, time="day", seed=0):
        assert max(days[one.learned]) < min(days[one.held])
        assert max(days[one.held]) < min(days[own.splits.test])


def test_its_table_says_what_is_set_aside():
    own = problem()
    one = make_folds(own, time=None, seed=0)[0]
    table = one.table(own.table)
    parts = table.column("split~made")
    assert parts.count("test") == len(one.held) and parts.count("train") == len(one.learned)
    assert table.column("size")[-1] == own.table.column("size", one.held)[-1]


def test_too_few_rows_are_refused():
    with pytest.raises(UsageError, match="too few rows to tell one setting from another"):
        make_folds(problem(24), time=None, seed=0)
