"""Reading that takes most of a budget is said early, once, with what would be enough."""

from __future__ import annotations

import pytest

from plait.fitting.setup.reading_time import ReadingTime
from plait.fitting.setup.timetable import Timetable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def read_rows(seconds_per_row, *, budget, num_rows=1000, already=1.0):
    """Read rows at a pace; return what was told, after how many rows, and the timetable."""
    clock, told, updates = Clock(), [], []
    timetable = Timetable(budget, 100.0, clock=clock)
    clock.now += already
    watch = ReadingTime(timetable, num_rows, lambda done, note="": updates.append(done),
                        lambda text: told.append((updates[-1], text)))  # fmt: skip
    for done in range(10, num_rows + 1, 10):
        clock.now += 10 * seconds_per_row
        watch(done)
    assert updates == list(range(10, num_rows + 1, 10))
    return told, timetable


def test_it_is_said_before_much_is_read():
    told, timetable = read_rows(0.017, budget=20.0)
    ((done, text),) = told
    assert done <= 40
    assert "about 0:18 of the 0:20" in text and "longer than that" not in text
    assert "0:36 and more leave time to learn" in text
    assert timetable.notes() == (text,)


def test_a_budget_that_reading_alone_exceeds_is_called_so():
    ((_, text),), timetable = read_rows(0.05, budget=20.0)
    assert "takes longer than that" in text
    assert timetable.notes()[0] == text and "too few for this table" in timetable.notes()[1]


@pytest.mark.parametrize(("pace", "budget"), [(0.001, 20.0), (0.05, None)])
def test_quick_reading_and_free_time_are_not_said(pace, budget):
    told, timetable = read_rows(pace, budget=budget)
    assert told == [] and timetable.notes() == ()


def test_reading_that_was_done_before_is_said_at_the_end():
    """Pictures are read while near-duplicates are looked for; what is left takes no time."""
    ((done, text),), _ = read_rows(0.0, budget=20.0, already=12.0)
    assert done == 1000 and "about 0:12 of the 0:20" in text
