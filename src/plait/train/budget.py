"""How much work a fit may do: seconds, steps or epochs."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from plait.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Budget:
    """An amount of work.

    Attributes:
        amount: How many of `unit`.
        unit: ``seconds``, ``steps`` or ``epochs``.
    """

    amount: float
    unit: str

    @classmethod
    def parse(cls, text: str | float | Budget) -> Budget:
        """Read ``5m``, ``30s``, ``1h``, ``2000 steps``, ``10 epochs`` or a number of seconds.

        Raises `UsageError` for anything else, and for amounts that are not positive.

        >>> Budget.parse("5m")
        Budget(amount=300.0, unit='seconds')
        """
        if isinstance(text, Budget):
            return text
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|steps?|epochs?)?\s*", str(text))
        if not match or float(match[1]) <= 0:
            raise UsageError(
                "the budget cannot be read",
                expected="for example 30s, 5m, 1h, '2000 steps' or '10 epochs'",
                received=str(text),
            )
        amount, unit = float(match[1]), match[2] or "s"
        if unit in _UNITS:
            return cls(amount * _UNITS[unit], "seconds")
        return cls(amount, unit.rstrip("s") + "s")

    @property
    def timed(self) -> bool:
        """Whether it is measured by the clock."""
        return self.unit == "seconds"

    def share(self, part: float) -> Budget:
        """Return `part` of it; at least one step or epoch."""
        amount = self.amount * part
        return Budget(amount if self.timed else max(1.0, round(amount)), self.unit)

    def num_steps(self, steps_per_epoch: int) -> int | None:
        """Return the number of steps it allows, or None when the clock decides."""
        if self.timed:
            return None
        return max(1, round(self.amount * (steps_per_epoch if self.unit == "epochs" else 1)))


class Clock:
    """Counts the time spent, across interruptions.

    Args:
        spent_seconds: What earlier runs spent already.
    """

    def __init__(self, spent_seconds: float = 0.0) -> None:
        self._start = time.monotonic() - spent_seconds

    @property
    def seconds(self) -> float:
        """Seconds spent."""
        return time.monotonic() - self._start


def compile_repays(device: str, budget: Budget, num_steps: int | None) -> bool:
    """Tell whether ``torch.compile`` pays for itself: on GPUs, from five minutes or 5,000 steps on.

    Compiling takes tens of seconds. Not measured on a GPU yet.
    """
    long_enough = budget.amount >= 300 if num_steps is None else num_steps >= 5000
    return device == "cuda" and long_enough
