"""Folds: even shares of classes, and no near-duplicate or group on both sides of one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.errors import TargetError
from plait.fitting.setup.cross_fitting import CROSS_FIT_ROWS, make_folds


def make_problem(units, truth=None, num_validation=1):
    num = len(units)
    rows = np.arange(num)
    return SimpleNamespace(
        splits=SimpleNamespace(
            train=rows[: num - num_validation], validation=rows[num - num_validation :]
        ),
        groups=np.asarray(units),
        truth=np.zeros(num, np.int64) if truth is None else np.asarray(truth),
        target="kind",
    )


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_what_belongs_together_stays_together(units, seed):
    folds = make_folds(make_problem(units), seed)
    if folds is None:
        return
    for value in set(units):
        assert len({f for f, k in zip(folds, units, strict=True) if k == value}) == 1
    assert set(folds) == set(range(folds.max() + 1)) and folds.max() >= 1


def test_single_rows_are_spread_evenly_over_classes():
    truth = np.repeat([0, 1, 2], [40, 20, 8])
    folds = make_folds(make_problem(np.arange(68), truth), 0)
    counts = np.array([np.bincount(truth[folds == fold]) for fold in range(4)])
    assert (counts == [10, 5, 2]).all()


def test_many_rows_need_no_folds():
    assert make_folds(make_problem(np.arange(CROSS_FIT_ROWS + 1)), 0) is None


def test_copies_of_one_row_cannot_be_judged():
    with pytest.raises(TargetError, match="too few rows have a target"):
        make_folds(make_problem([0, 0, 0], num_validation=0), 0)
