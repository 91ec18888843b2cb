"""Candidates share a time: cheap and good ones first, none starves the rest, none is silent."""

from __future__ import annotations

import pytest

from plait.baselines.costs import Size, foreseen_bytes, foreseen_seconds
from plait.fitting.candidates.schedule import (
    CHEAP_SECONDS,
    WORTH_OF_WIDE,
    Schedule,
    not_measured,
)
from plait.modalities.forms import CLASSES


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def size(rows=5000, *, outputs=2, form=CLASSES, dense=10, sparse=0.0, width=10, narrow=10):
    return Size(
        rows=rows, judged=1000, dense=dense, sparse=sparse, width=width, narrow=narrow,
        outputs=outputs, form=form, seconds=3e-11,
    )  # fmt: skip


def test_cheap_and_good_ones_come_first():
    seconds = {
        "majority": 0.0,
        "neighbour": 2.0,
        "product_of_experts": 30.0,
        "linear": 3.0,
        "boosted": 0.5,
    }
    order = Schedule(10.0, seconds, clock=Clock()).order(list(seconds))
    assert order == ["majority", "boosted", "linear", "neighbour", "product_of_experts"]


def test_without_a_time_the_order_stays():
    schedule = Schedule(None, {"product_of_experts": 100.0})
    assert schedule.order(["product_of_experts", "linear"]) == ["product_of_experts", "linear"]
    assert schedule.admit("product_of_experts", ["linear"]) == (True, None)


@pytest.mark.parametrize("greedy", ["product_of_experts", "linear", "boosted"])
def test_none_starves_the_rest(greedy):
    clock = Clock()
    names = ["product_of_experts", "linear", "boosted"]
    schedule = Schedule(12.0, dict.fromkeys(names, 3.0), clock=clock)
    others = [name for name in names if name != greedy]
    admitted, deadline = schedule.admit(greedy, others)
    assert admitted and deadline is not None
    clock.now = float(deadline)
    for place, name in enumerate(others):
        admitted, deadline = schedule.admit(name, others[place + 1 :])
        assert admitted and deadline is not None and deadline - clock.now >= 2.9
        clock.now = float(deadline)
    assert clock.now <= 12.0 and not schedule.left_out


def test_what_cannot_end_in_time_is_left_out_with_a_note():
    schedule = Schedule(10.0, {"product_of_experts": 40.0}, clock=Clock())
    assert schedule.admit("product_of_experts", []) == (False, None)
    assert schedule.left_out == {"product_of_experts": 40.0}


def test_what_is_cheap_is_done_whole_however_late():
    clock = Clock()
    clock.now = 11.0
    admitted, deadline = Schedule(10.0, {"boosted": 0.4}, clock=clock).admit(
        "boosted", ["product_of_experts"]
    )
    assert admitted and deadline is not None and 0.4 <= deadline - clock.now <= CHEAP_SECONDS


@pytest.mark.parametrize("name", ["neighbour", "linear", "boosted", "product_of_experts"])
def test_more_of_anything_is_foreseen_to_take_longer(name):
    base = foreseen_seconds(name, size())
    assert foreseen_seconds(name, size(20_000)) > base
    assert foreseen_seconds(name, size(outputs=50)) >= base
    assert foreseen_seconds("majority", size()) == 0.0


def test_trees_on_a_plain_table_are_foreseen_to_take_a_moment():
    assert foreseen_seconds("boosted", size(5000)) < 1.0
    assert foreseen_seconds("boosted", size(30_000, outputs=300)) > 30.0


def test_memory_grows_with_rows_times_classes():
    assert foreseen_bytes("linear", size(21_000, outputs=10_000)) > 2**30
    assert foreseen_bytes("linear", size(21_000, outputs=100)) < 2**30
    assert foreseen_bytes("majority", size(10**6, outputs=10_000)) == 0.0


def test_once_one_is_complete_nothing_is_begun_late():
    clock = Clock()
    clock.now = 11.0
    schedule = Schedule(10.0, {"boosted": 0.4}, clock=clock)
    assert schedule.admit("boosted", [], enough=True) == (False, None)
    assert "not measured: boosted trees" in not_measured("boosted", schedule.left_out["boosted"])


def test_where_all_columns_are_wide_each_has_a_model_before_trees():
    seconds = {"boosted": 6.0, "linear": 0.8, "neighbour": 0.3, "product_of_experts": 7.2}
    order = Schedule(10.0, seconds, clock=Clock(), worth=WORTH_OF_WIDE).order(list(seconds))
    assert order == ["neighbour", "linear", "product_of_experts", "boosted"]
    usual = Schedule(10.0, seconds, clock=Clock()).order(list(seconds))
    assert usual.index("boosted") < usual.index("product_of_experts")


def test_trees_of_wide_columns_are_not_taken_to_be_free():
    wide, narrow = (
        foreseen_seconds("boosted", size(1200, outputs=8, dense=2600, width=35_000, narrow=num))
        for num in (0, 4)
    )
    assert wide > 5 * narrow
