"""Limits of what compression may cost: read, kept, and told where they cannot be met."""

from dataclasses import dataclass

import pytest

from plait.compress.limits import Limits, on_front, why_dropped
from plait.errors import UsageError


@dataclass(frozen=True)
class Of:
    name: str
    loss: float
    mb: float
    ms: float


WHOLE = Of("whole", 0.0, 100.0, 40.0)
STUDENT = Of("student", 0.012, 3.0, 4.0)
SMALL = Of("small", 0.004, 8.0, 9.0)
ALIKE = Of("alike", 0.004, 7.9, 12.0)
EVERY = [WHOLE, STUDENT, SMALL, ALIKE]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "small"),  # within 0.5 % by itself; nearly as small as the smallest, and quicker
        ({"max_loss": "2%"}, "student"),
        ({"max_loss": 0.0}, "whole"),
        ({"max_mb": 10.0}, "alike"),  # loses least; of those alike the smallest
        ({"max_ms": 5.0}, "student"),
        ({"max_loss": "0.4 %", "max_ms": 10.0}, "small"),
    ],
)
def test_the_best_within_is_chosen(asked, name):
    assert Limits.of(**asked).choose(EVERY).name == name


def test_what_cannot_be_met_says_which_limit_binds():
    with pytest.raises(UsageError, match="no variant is within") as caught:
        Limits.of("0.1%", max_mb=2.0, max_ms=50.0).choose(EVERY)
    assert "'student'" not in caught.value.received and "MB" in caught.value.received
    with pytest.raises(UsageError) as caught:
        Limits.of(max_mb=2.9).choose(EVERY)
    assert "'student'" in caught.value.received and "2.9 are allowed" in caught.value.received


@pytest.mark.parametrize(
    "asked", [{"max_loss": "much"}, {"max_loss": 1.0}, {"max_mb": 0.0}, {"max_ms": -1.0}]
)
def test_limits_without_meaning_are_refused(asked):
    with pytest.raises(UsageError):
        Limits.of(**asked)


def test_the_front_has_no_variant_that_another_beats_in_everything():
    worse = Of("worse", 0.02, 3.5, 4.0)
    assert on_front([*EVERY, worse]) == [True, True, True, True, False]


def test_what_gains_nothing_is_dropped():
    assert why_dropped(SMALL, None) == ""
    assert why_dropped(STUDENT, WHOLE) == ""
    assert "neither smaller nor quicker" in why_dropped(Of("again", 0.0, 100.0, 41.0), WHOLE)
    slow = Of("slow", 0.0, 20.0, 80.0)
    assert why_dropped(slow, WHOLE) == ""
    assert "no quicker" in why_dropped(slow, WHOLE, for_speed=True)
