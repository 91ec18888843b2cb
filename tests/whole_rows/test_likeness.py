"""Likeness of rows: planted copies are found, associations are what they are known to be."""

from __future__ import annotations

import numpy as np
import pytest

from plait.whole_rows.bins import Bins
from plait.whole_rows.columns import Labels, Numbers
from plait.whole_rows.likeness import associations, bars, cramers_v, gaps, nearest, privacy
from plait.whole_rows.written import Writing


def rows(num, seed):
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b"], num)
    size = np.where(kind == "a", rng.normal(0, 1, num), rng.normal(4, 1, num))
    free = rng.normal(0, 1, num)
    return {"kind": kind.tolist(), "size": size.tolist(), "free": free.tolist()}


def columns_of(learned):
    return {
        "kind": Labels.of(learned["kind"], learned["kind"]),
        "size": Numbers(bins=Bins.of(np.array(learned["size"])), writing=Writing()),
        "free": Numbers(bins=Bins.of(np.array(learned["free"])), writing=Writing()),
    }


LEARNED, HELD = rows(2000, 0), rows(500, 1)
COLUMNS = columns_of(LEARNED)


def test_planted_copies_are_found_and_counted():
    made = rows(400, 2)
    for name, values in made.items():
        values[:60] = LEARNED[name][100:160]
    near = nearest(COLUMNS, made, LEARNED)
    assert (near[:60] == 0).all() and (near[60:] > 0).all()
    said = privacy(near, nearest(COLUMNS, HELD, LEARNED))
    assert said["copies"] == pytest.approx(60 / 400) and said["copies_held"] == 0
    assert said["near"] > 0.15


def test_fresh_rows_of_the_same_kind_are_as_near_as_held_out_ones():
    said = privacy(nearest(COLUMNS, rows(500, 3), LEARNED), nearest(COLUMNS, HELD, LEARNED))
    assert said["copies"] == 0 and said["near"] < 0.1
    assert said["median"] == pytest.approx(said["median_held"], rel=0.2)


def test_missing_cells_are_as_far_from_values_as_can_be_and_equal_to_each_other():
    learned = {"kind": ["a", None], "size": [0.0, None], "free": [0.0, None]}
    asked = {"kind": ["a", None], "size": [None, None], "free": [0.0, None]}
    far = nearest(COLUMNS, asked, learned)
    assert far[0] > 0.3 and far[1] == 0


def test_associations_of_pairs():
    found = associations(COLUMNS, HELD, LEARNED)
    assert found[0, 1] > 0.85 and found[0, 2] < 0.15 and found[1, 2] < 0.15
    codes = np.arange(600) % 3
    assert cramers_v(codes, codes) == pytest.approx(1.0, abs=0.01)
    assert cramers_v(codes, np.zeros(600, int)) == 0


def test_gaps_and_bars_of_columns():
    other = {**HELD, "kind": ["a"] * 500}
    assert gaps(COLUMNS, other, HELD)["kind"] == pytest.approx(HELD["kind"].count("b") / 500)
    assert gaps(COLUMNS, HELD, HELD) == {"kind": 0, "size": 0, "free": 0}
    for name, column in COLUMNS.items():
        drawn = bars(column, LEARNED[name], HELD[name])
        assert sum(one["real"] for one in drawn) == pytest.approx(1)
        assert sum(one["made"] for one in drawn) == pytest.approx(1)
