"""Rows evenly spaced."""

import numpy as np
import pytest

from plait.spacing import even_sample, evenly_spaced


@pytest.mark.parametrize("num", [0, 1, 2, 3, 99, 100, 101, 4321])
@pytest.mark.parametrize("most", [1, 2, 100])
def test_places_are_distinct_in_order_and_reach_both_ends(num, most):
    places = evenly_spaced(num, most)
    assert len(places) == min(num, most) and (np.diff(places) >= 1).all()
    assert not num or places[0] == 0
    assert min(num, most) < 2 or places[-1] == num - 1


def test_a_sample_keeps_the_order_of_the_rows_and_few_rows_whole():
    rows = np.arange(100)[::-1]
    assert even_sample(rows, 5).tolist() == [99, 75, 50, 25, 0]
    assert even_sample(rows, 200).tolist() == rows.tolist()
