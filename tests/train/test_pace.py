"""What a timed training spends on steps and on checks."""

from __future__ import annotations

import pytest

from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.loop import CHECK_SHARE, _Run
from plait.train.state import TrainState


@pytest.mark.parametrize(
    ("seconds", "num_rows", "size"),
    [(20, 54_000, 32), (60, 54_000, 64), (120, 54_000, 128), (600, 54_000, 256), (60, 900, 32)],
)
def test_short_budgets_take_small_batches(seconds, num_rows, size):
    assert TrainConfig().within(seconds, num_rows).rows_per_step(num_rows) == size
    said = TrainConfig(batch_size=512)
    assert said.within(seconds, num_rows) is said


class Checked:
    """A run of which only the time matters."""

    num_steps, batch_size = None, 10
    config = TrainConfig()

    def __init__(self, num_checked, **state):
        self.state = TrainState(**state)
        self.objective = type("Objective", (), {"num_checked": num_checked})

    due = _Run._check_is_due
    _can_afford_check = _Run._can_afford_check


def test_checks_take_a_small_part_of_the_time():
    foreseen = {"step": 30, "seconds": 9.0}  # 300 rows in 9 s: a hundred answered in one
    assert Checked(100, **foreseen).due(0.5) and not Checked(200, **foreseen).due(0.5)
    assert not Checked(0, **foreseen).due(0.5) and not Checked(100, **foreseen).due(0.05)
    told = {"num_checks": 1, "checked_at": 10.0, "check_seconds": 3.0}
    later = 10.0 + 3.0 / CHECK_SHARE
    assert Checked(100, seconds=later + 0.1, **told).due(0.5)
    assert not Checked(100, seconds=later - 0.1, **told).due(0.5)
    counted = Checked(10**6, **foreseen)
    counted.num_steps = 60
    assert counted.due(0.5)


@pytest.mark.parametrize(
    ("budget", "seconds"), [("40s", 4.0), ("10m", 20.0), ("500 steps", 20.0), ("3 epochs", 20.0)]
)
def test_a_tenth_of_a_short_training_may_be_lost(budget, seconds):
    assert TrainConfig().between_saves(Budget.parse(budget)) == seconds
