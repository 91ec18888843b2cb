"""One clock for all parts of a fit: what is left, what is kept, and what the least is."""

from __future__ import annotations

import pytest

from plait.fitting.setup.timetable import Timetable
from plait.train.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_writing_has_its_time_and_the_rest_is_shared():
    clock = Clock()
    table = Timetable(20.0, 100.0, clock=clock)
    assert table.end == 120.0 and 118.0 < table.work_end < 119.0
    left = table.left()
    assert table.left(kept=5.0) == pytest.approx(left - 5.0)
    assert table.until(0.5) == pytest.approx(100.0 + left / 2)
    clock.now = 130.0
    assert table.left() == 0.0 and table.until(0.5) == 130.0


def test_steps_have_no_end():
    table = Timetable.of(Budget(2000, "steps"))
    assert table.end is table.left() is table.until(0.3) is table.baselines() is None
    assert table.notes() == ()


def test_simple_models_get_more_of_a_short_budget():
    short, long = Timetable(20.0, 100.0, clock=Clock()), Timetable(600.0, 100.0, clock=Clock())
    assert short.baselines() / short.left() > 1.5 * long.baselines() / long.left()


def test_parts_are_counted():
    clock = Clock()
    table = Timetable(20.0, 100.0, clock=clock)
    for seconds in (1.0, 2.0):
        with table.part("reading"):
            clock.now += seconds
    with pytest.raises(KeyError), table.part("scoring"):
        clock.now += 4.0
        raise KeyError
    assert table.told() == {"reading": 3.0, "scoring": 4.0}


def test_what_a_table_needs_at_least_is_said():
    clock = Clock()
    table = Timetable(3.0, 100.0, clock=clock)
    clock.now = 103.2
    assert table.notes() == ()
    clock.now = 109.0
    assert "3 s are too few for this table: it took 9 s" in table.notes()[0]


@pytest.mark.parametrize(("foreseen", "kept"), [(0.0, 1.2), (2.0, 2.0), (9.0, 5.0)])
def test_scoring_has_what_is_foreseen_within_its_shares(foreseen, kept):
    assert Timetable(20.0, 100.0).scoring(foreseen) == pytest.approx(kept)


def test_a_share_has_its_part_of_what_is_left_and_the_same_accounts():
    now = [100.0]
    whole = Timetable(50.0, 100.0, clock=lambda: now[0])
    now[0] = 110.0
    part = whole.share(0.5)
    assert part.seconds == 0.5 * whole.left() and part.began == 110.0
    with part.part("network"):
        now[0] = 113.0
    assert whole.spent == {"network": 3.0} and part.left() < whole.left()
    assert Timetable(None, 0.0).share(0.5).seconds is None
