"""A budget is shared: cheap trials first, and what is too short for two of them is refused."""

import pytest

from plait.errors import UsageError
from plait.train.budget import Budget
from plait.tuning.plan import FULL_SHARE, Plan, full_budget


def test_rungs_are_longer_and_judged_by_more_folds():
    plan = Plan.of(Budget(3600.0, "seconds"), None)
    amounts = [rung.budget.amount for rung in plan.rungs]
    assert amounts == sorted(amounts) and [rung.folds for rung in plan.rungs] == [1, 2, 3]
    assert [rung.until for rung in plan.rungs] == sorted(rung.until for rung in plan.rungs)
    assert Plan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize("seconds", [60.0, 600.0, 3600.0])
def test_all_of_it_fits_into_the_budget(seconds):
    plan = Plan.of(Budget(seconds, "seconds"), None)
    whole = 2 * full_budget(Budget(seconds, "seconds")).amount
    confirm = 6 * plan.confirm.amount
    assert plan.rungs[-1].until + confirm + whole <= 1.02 * seconds
    assert full_budget(Budget(seconds, "seconds")).amount == FULL_SHARE * seconds


def test_steps_are_of_each_whole_fit_and_fewer_on_the_first_rungs():
    plan = Plan.of(Budget(40.0, "steps"), 5)
    assert [rung.budget.amount for rung in plan.rungs] == [10, 20, 40] and plan.trials == 5
    assert full_budget(Budget(40.0, "steps")).amount == 40


def test_a_budget_that_is_too_short_says_what_would_be_enough():
    with pytest.raises(UsageError, match="too short for two trials") as found:
        Plan.of(Budget(10.0, "seconds"), None)
    enough = float(str(found.value.expected).split("s")[0])
    Plan.of(Budget(enough, "seconds"), None)
    with pytest.raises(UsageError, match="too short for 50 trials"):
        Plan.of(Budget(60.0, "seconds"), 50)
    with pytest.raises(UsageError, match="one trial is no search"):
        Plan.of(Budget(60.0, "seconds"), 1)


def test_a_third_goes_on_and_never_fewer_than_two():
    plan = Plan.of(Budget(8.0, "steps"), 16)
    assert [plan.promoted(1, num) for num in (16, 9, 4, 2)] == [5, 3, 2, 2]
    assert plan.promoted(2, 6) == 2
    assert plan.num_fits >= 16
