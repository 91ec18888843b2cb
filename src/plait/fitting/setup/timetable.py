"""The time of a fit: when it must end, what its parts may take, and what they took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from plait.train.budget import Budget

SAVING_SHARE, SAVING_SECONDS = 0.02, 1.0
"""Kept for writing the bundle and ending the process."""

SCORING_SHARES = (0.06, 0.25)
"""Least and most that is kept for scoring what ships, as foreseen: beyond the most, intervals are
left out, and sets of columns are scored on fewer rows."""

BASELINE_SHARES, BASELINE_SECONDS = (0.8, 0.42, 0.25), (30.0, 60.0, 120.0)
"""What simple models may take of budgets, and what these are: in little time they learn more than
a network, and in less than half a minute one is seldom begun."""

COPIES_SHARE = 0.2
"""What looking for near-duplicates may take of the time that is left."""

TOLERATED = 1.1
"""A fit that takes more than so many times its budget says what the least is."""


@dataclass
class Timetable:
    """The one clock that all parts of a fit go by.

    Attributes:
        seconds: Of the budget; None where it is not measured in time.
        began: When the fit began, of `clock`.
        spent: Part -> seconds that it took.
        clock: Returns seconds.
        said: What a person was told of the time while it passed.
    """

    seconds: float | None
    began: float
    spent: dict[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    said: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, budget: Budget, began: float | None = None) -> Timetable:
        """Return that of a budget, running since `began`, or from now on."""
        seconds = budget.amount if budget.timed else None
        return cls(seconds, time.monotonic() if began is None else began)

    @property
    def end(self) -> float | None:
        """When the bundle must be written."""
        return None if self.seconds is None else self.began + self.seconds

    @property
    def work_end(self) -> float | None:
        """When everything but the writing must be done."""
        if self.seconds is None or self.end is None:
            return None
        return self.end - min(SAVING_SECONDS + SAVING_SHARE * self.seconds, 0.2 * self.seconds)

    def left(self, kept: float = 0.0) -> float | None:
        """Return the seconds of work that are left when so many are kept; None for no limit."""
        if self.work_end is None:
            return None
        return max(self.work_end - self.clock() - kept, 0.0)

    def until(self, share: float, kept: float = 0.0) -> float | None:
        """Return when a part must end that may take a share of what is left."""
        left = self.left(kept)
        return None if left is None else self.clock() + share * left

    def share(self, share: float) -> Timetable:
        """Return that of a part of the work, from now on, which has a share of what is left."""
        left = self.left()
        seconds = None if left is None else share * left
        return replace(self, seconds=seconds, began=self.clock())

    def scoring(self, foreseen: float = 0.0) -> float:
        """Return the seconds that are kept for scoring, which is foreseen to take so many."""
        least, most = (share * (self.seconds or 0.0) for share in SCORING_SHARES)
        return min(max(foreseen, least), most)

    def baselines(self) -> float | None:
        """Return the seconds that simple models may take, reduced models included."""
        if self.seconds is None:
            return None
        share = float(np.interp(self.seconds, BASELINE_SECONDS, BASELINE_SHARES))
        left = self.left(self.scoring()) or 0.0
        return share * left

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done inside as a part of the fit."""
        start = self.clock()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + self.clock() - start

    def told(self) -> dict[str, float]:
        """Return part -> seconds, rounded."""
        return {name: round(seconds, 2) for name, seconds in self.spent.items()}

    def notes(self) -> tuple[str, ...]:
        """Return what was said of the time, and what the least is where it was too short."""
        taken = self.clock() - self.began
        said = tuple(self.said)
        if self.seconds is None or taken <= TOLERATED * self.seconds:
            return said
        return (
            *said,
            f"{self.seconds:g} s are too few for this table: it took {taken:.0f} s, about the "
            "least that reading it, fitting the simplest models and scoring them take here",
        )
