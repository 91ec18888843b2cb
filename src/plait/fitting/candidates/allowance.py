"""What reduced models may take: a time, or where none counts, work that is foreseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plait.baselines.contract import is_late
from plait.baselines.costs import Size, foreseen_seconds

NOMINAL_SECONDS = 3e-11
"""Of one multiplication and addition on a machine that nobody measures."""

WORK_SHARE, LEAST_WORK = 0.5, 2.0
"""Reduced models may be half the work of the models, or so many seconds of it."""


@dataclass
class Allowance:
    """A time or an amount of work, whichever is given; neither allows everything.

    Attributes:
        deadline: Of `time.monotonic`.
        work: Seconds of foreseen work.
        costs: Name of a base model -> what one of all columns costs of it.
    """

    deadline: float | None = None
    work: float | None = None
    costs: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def foreseen(cls, names: Mapping[str, object], size: Size, runs: float) -> Allowance:
        """Return so much work as suits the models that were measured, the same on any machine.

        Args:
            names: The models.
            size: Of their rows.
            runs: How often each of them is fitted.
        """
        size = replace(size, seconds=NOMINAL_SECONDS)
        costs = {name: runs * foreseen_seconds(name, size) for name in names}
        return cls(work=max(LEAST_WORK, WORK_SHARE * sum(costs.values())), costs=costs)

    def admits(self, names: list[str], share: float) -> bool:
        """Tell whether base models of a share of the columns may still begin; their work is spent
        then.

        Args:
            names: The base models.
            share: In (0, 1].
        """
        if self.work is None:
            return not is_late(self.deadline)
        if self.work <= 0:
            return False
        self.work -= share * sum(self.costs.get(name, 0.0) for name in names)
        return True
