"""Draws of which none is made twice, within bounds, and what is told of them."""

import numpy as np
import pytest

from plait.recipes.distinct import MORE, TIMES, draw_distinct


def drawn(num, size, asked=None):
    """Draw numbers below `size` by lot, each draw its own."""
    lots = np.random.default_rng(0).integers(0, size, 10_000)

    def draw(numbers):
        if asked is not None:
            asked.extend(numbers.tolist())
        return lots[numbers]

    return draw_distinct(draw, lambda some: some.tolist(), num), lots


def test_all_differ_each_is_of_its_draw_and_the_rest_is_told():
    asked = []
    found, lots = drawn(60, 100, asked)
    assert len(set(found.made.tolist())) == 60 and found.repeated == 0
    assert (lots[found.draws] == found.made).all() and (np.diff(found.draws) > 0).all()
    assert asked == list(range(found.tried)) and found.tried == found.draws[-1] + 1
    note = f"{found.tried - 60} of {found.tried} draws"
    assert len(found.notes) == 1 and found.notes[0].startswith(note)


@pytest.mark.parametrize("few", [1, 7, 30])
def test_the_first_of_many_are_those_of_fewer(few):
    many, fewer = drawn(60, 100)[0], drawn(few, 100)[0]
    assert many.draws[:few].tolist() == fewer.draws.tolist()


def test_where_there_are_no_more_some_come_again_and_that_is_said():
    found, lots = drawn(10, 4)
    assert len(found.made) == 10 and found.repeated == 6 and found.tried == TIMES * 10 + MORE
    assert found.draws.tolist() == list(range(10)) and (lots[:10] == found.made).all()
    assert found.notes[0].startswith("4 of 10 values differ")


def test_where_all_differ_at_once_nothing_is_said():
    found = draw_distinct(lambda numbers: numbers, lambda some: some.tolist(), 5)
    assert found.tried == 5 and found.notes == []
