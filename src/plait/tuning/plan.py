"""How a budget is shared: cheap trials of many settings first, more time and folds for the best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plait.display import number_text
from plait.errors import UsageError
from plait.train.budget import Budget
from plait.tuning.folds import NUM_FOLDS

FULL_SHARE = 0.19
"""Of a timed budget: for the plain fit, and again for the one with the settings that were found."""

SEARCH_SHARE, CONFIRM_SHARE = 0.7, 0.24
"""Of what is left beside these two: for the search, and for judging what it found on new folds."""

LEAST_SECONDS = 1.0
"""Of the shortest fit that tells anything."""

USUAL_TRIALS = 16
"""Where the budget is no time, or enough of it."""

FOLDS = (1, 2, NUM_FOLDS)
"""That judge a setting on each rung."""

TIMES, STEPS = (0.2, 0.3, 0.5), (0.25, 0.5, 1.0)
"""Of each rung: its share of the time of the search; and of a budget that is none, for each fit."""

PROMOTED = 3
"""One of so many goes to the next rung (Jamieson and Talwalkar 2016, successive halving)."""

MOST_PROMOTED = (USUAL_TRIALS, 5, 3)
"""Settings on each rung at most, the plain ones among them."""


@dataclass(frozen=True)
class Rung:
    """A stage of the search.

    Attributes:
        folds: How many judge a setting.
        budget: Of each fit.
        until: Second of the search after which no further fit is begun; None for any.
    """

    folds: int
    budget: Budget
    until: float | None


@dataclass(frozen=True)
class Plan:
    """How a search goes.

    Attributes:
        trials: Settings that are tried at most, the plain ones among them.
        rungs: The cheapest first.
        confirm: Of each fit to a new fold.
    """

    trials: int
    rungs: tuple[Rung, ...]
    confirm: Budget

    @classmethod
    def of(cls, budget: Budget, trials: int | None, *, left: float | None = None) -> Plan:
        """Return the plan of a budget.

        Args:
            budget: Of the tune.
            trials: Settings to try at most; None for as many as are usual, or fit in.
            left: Seconds that are left for search and confirmation; None where nothing is spent.

        Raises `UsageError` where two trials would not fit into it.
        """
        _check_trials(trials)
        if not budget.timed:
            shares = zip(FOLDS, STEPS, strict=True)
            rungs = tuple(Rung(folds, budget.share(share), None) for folds, share in shares)
            return cls(trials or USUAL_TRIALS, rungs, rungs[-1].budget)
        least = 2 if trials is None else trials
        whole = (1 - 2 * FULL_SHARE) * budget.amount if left is None else left
        seconds = SEARCH_SHARE * whole
        first = TIMES[0] * seconds
        if first < least * LEAST_SECONDS and left is None:
            enough = least * LEAST_SECONDS / (TIMES[0] * SEARCH_SHARE * (1 - 2 * FULL_SHARE))
            raise UsageError(
                f"the budget is too short for {'two' if least == 2 else least} trials",
                expected=f"{math.ceil(enough)}s or more",
                received=f"{number_text(budget.amount)} s",
                hint="give more time, or take what plait fit makes",
            )
        num = trials or USUAL_TRIALS
        counts = (min(num, 12), *MOST_PROMOTED[1:])
        timed, until = list[Rung](), 0.0
        for folds, share, count in zip(FOLDS, TIMES, counts, strict=True):
            until += share * seconds
            each = max(share * seconds / (count * folds), LEAST_SECONDS)
            timed.append(Rung(folds, Budget(round(each, 2), "seconds"), until))
        confirm = max(CONFIRM_SHARE * whole / (2 * NUM_FOLDS), LEAST_SECONDS)
        return cls(num, tuple(timed), Budget(round(confirm, 2), "seconds"))

    def promoted(self, rung: int, num: int) -> int:
        """Return how many of `num` settings go from the rung before to this one."""
        return min(max(2, math.ceil(num / PROMOTED)), MOST_PROMOTED[rung])

    def confirmed_in(self, left: float | None) -> Budget:
        """Return the budget of each fit to a new fold, where so many seconds are left for all."""
        if left is None or not self.confirm.timed:
            return self.confirm
        each = max(left / (2 * NUM_FOLDS), LEAST_SECONDS)
        return Budget(round(min(each, self.confirm.amount), 2), "seconds")

    @property
    def num_fits(self) -> int:
        """How many fits there are at most, for a bar."""
        counts, num = self.trials, self.trials
        for place, rung in enumerate(self.rungs[1:], 1):
            num = self.promoted(place, num) + 1
            counts += num * rung.folds
        return counts + 2 * NUM_FOLDS + 2

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        rungs = [
            {"folds": r.folds, "amount": r.budget.amount, "unit": r.budget.unit, "until": r.until}
            for r in self.rungs
        ]
        confirm = {"amount": self.confirm.amount, "unit": self.confirm.unit}
        return {"trials": self.trials, "rungs": rungs, "confirm": confirm}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Rebuild from `to_dict`."""
        rungs = tuple(
            Rung(one["folds"], Budget(one["amount"], one["unit"]), one["until"])
            for one in data["rungs"]
        )
        confirm = data["confirm"]
        return cls(data["trials"], rungs, Budget(confirm["amount"], confirm["unit"]))


def full_budget(budget: Budget) -> Budget:
    """Return that of the plain fit, and of the one with the settings that were found."""
    return budget.share(FULL_SHARE) if budget.timed else budget


def _check_trials(trials: int | None) -> None:
    if trials is not None and trials < 2:
        raise UsageError(
            "one trial is no search",
            expected="two trials or more, the plain settings among them",
            received=str(trials),
        )
