"""Puts candidates in the order of what they are worth per second, and shares the time out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from plait.baselines.contract import Deadline
from plait.display import model_name

WORTH: Mapping[str, float] = {
    "majority": 1.0,
    "trees": 1.0,
    "boosted": 1.0,
    "linear": 1.0,
    "product_of_experts": 0.6,
    "neighbour": 0.5,
    "probe": 0.7,
    "prototypes": 0.5,
    "prompts": 0.5,
    "label_propagation": 0.6,
    "in_context": 0.7,
}
"""What a candidate is expected to add, beside the others."""

WORTH_OF_WIDE: Mapping[str, float] = {
    **WORTH,
    "boosted": 0.5,
    "trees": 0.5,
    "product_of_experts": 1.0,
}
"""The same where all columns are wide (texts, pictures, sounds): trees see few of their features,
and each column is worth a model of its own (docs/log.md, 2026-11-30)."""

MOST_SHARE = 0.5
"""No candidate may use up more of the time that is left than this, if others are to follow."""

DOUBT = 2.0
"""What is foreseen to take this many times its share cannot end in it."""

CHEAP_SECONDS = 1.0
"""What is foreseen to take no longer than this is done whole, however late, if nothing is yet."""

MOMENT_SECONDS = 0.25
"""What is foreseen to take no longer than this is done whole in any case."""

STEP_SECONDS = 0.05
"""Nothing is foreseen to take less: no order among what is that fast."""


@dataclass
class Schedule:
    """The time of several candidates, measured one after the other.

    Attributes:
        end: Of `time.monotonic`; None for as long as they need.
        foreseen: Name -> seconds that it is expected to take.
        left_out: Who was not measured -> seconds that it would take.
        worth: Name -> what it is expected to add.
    """

    end: float | None
    foreseen: Mapping[str, float]
    left_out: dict[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    worth: Mapping[str, float] = field(default_factory=lambda: WORTH)

    def order(self, names: Sequence[str]) -> list[str]:
        """Return the names by worth per second, the best first; as given where time is free."""
        if self.end is None:
            return list(names)
        return sorted(names, key=lambda name: -self._worth(name) / self._seconds(name))

    def admit(
        self, name: str, others: Sequence[str], *, enough: bool = False
    ) -> tuple[bool, Deadline | None]:
        """Tell whether a candidate can be complete in its share of the time, and when that ends.

        Args:
            name: Whose turn it is.
            others: Who may still follow.
            enough: Whether one is complete already: then only what takes a moment may end late.
        """
        if self.end is None:
            return True, None
        now, needed = self.clock(), self.foreseen.get(name, 0.0)
        seconds = max(self.end - now, 0.0) * self._share(name, others)
        grace = MOMENT_SECONDS if enough else CHEAP_SECONDS
        if needed > max(DOUBT * seconds, grace):
            self.left_out[name] = needed
            return False, None
        return True, Deadline(now + max(seconds, min(DOUBT * needed, grace)))

    def give_up(self, name: str, seconds: float) -> None:
        """Remember that a candidate was begun, and would have taken so long."""
        self.left_out[name] = seconds

    def _share(self, name: str, others: Sequence[str]) -> float:
        """Return the part of what is left: by worth, and all of it for the last."""
        if not others:
            return 1.0
        total = self._worth(name) + sum(self._worth(one) for one in others)
        return max(MOST_SHARE, self._worth(name) / total)

    def _worth(self, name: str) -> float:
        return self.worth.get(name, 0.5)

    def _seconds(self, name: str) -> float:
        return max(self.foreseen.get(name, 0.0), STEP_SECONDS)


def not_measured(name: str, seconds: float) -> str:
    """Say that a candidate was left out, and how long it takes."""
    shown = f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.1f}"
    return f"not measured: {model_name(name)}, which would take about {shown} s"
