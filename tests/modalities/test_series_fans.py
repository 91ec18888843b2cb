"""Forecasts drawn with their intervals."""

from __future__ import annotations

import re

import numpy as np

from plait.modalities.series.fans import NUM_SHOWN, Fan, fans


def fan(level=0.0, gap=False):
    steps = np.arange(4.0)
    true = steps.copy()
    true[1:2] = np.nan if gap else true[1:2]
    return Fan(level + np.zeros(20), level + true, level + steps, level + steps - 1, level + steps)


def test_what_lies_in_the_interval_is_counted():
    assert fan().inside == (4, 4) and fan(gap=True).inside == (3, 3)
    off = Fan(np.zeros(3), np.array([0.0, 9.0]), np.zeros(2), -np.ones(2), np.ones(2))
    assert off.inside == (1, 2)
    assert "1 of 2 values in their interval" in fans([off], "90 %")


def test_some_are_drawn_and_all_of_it_lies_in_the_picture():
    drawn = fans([fan(level, gap=True) for level in range(20)], "90 %")
    assert drawn.count("<polygon") == NUM_SHOWN and "90 % intervals" in drawn
    assert fans([], "90 %") == "" and "nan" not in drawn
    for points in re.findall(r'points="([^"]*)"', drawn):
        x, y = np.array([pair.split(",") for pair in points.split()], float).T
        assert len(x) == 8 and x.min() >= 0 and x.max() <= 320 and y.min() >= 0 and y.max() <= 110
