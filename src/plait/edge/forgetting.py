"""The forgetting check: what was known before, asked again after something was learned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from plait.edge.learned import Learned
from plait.errors import ForgettingError
from plait.model.rehearsal import Rehearsal

MAX_COST, MAX_COST_OF_NUMBERS = 0.02, 0.05
"""What all that is learned may cost: share of the examples, or of the error."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """What learning does to examples of what was known.

    Attributes:
        metric: ``accuracy`` of classes, ``rmse`` of numbers.
        before, after: Of the bundle by itself, and with what was learned.
        cost: Share of the examples that are no longer right, all in all; of numbers the share by
            which the error grew. Below zero where they are answered better.
        limit: The most that it may be.
        examples: How many were asked: drawn from the statistics, no rows of the table.
    """

    metric: str
    before: float
    after: float
    cost: float
    limit: float
    examples: int

    @property
    def passed(self) -> bool:
        """Whether it costs no more than the limit."""
        return self.cost <= self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {**asdict(self), "passed": self.passed}


def check_forgetting(learned: Learned, max_cost: float | None = None) -> Check:
    """Ask the examples of the statistics, and return what became of them.

    Args:
        learned: What was learned.
        max_cost: The most that it may cost; None for a share of 0.02 of the examples, or of 0.05 of
            the error.
    """
    known = learned.rehearsal
    corrected = learned.apply(known.draws.astype(np.float64), known.outputs)
    before, after = (_score(known, outputs) for outputs in (known.outputs, corrected))
    if known.unit is None:
        told = ("accuracy", before - after, MAX_COST)
    else:
        told = ("rmse", after / max(before, 1e-12 * known.unit) - 1.0, MAX_COST_OF_NUMBERS)
    metric, cost, usual = told
    return Check(
        metric=metric,
        before=before,
        after=after,
        cost=cost,
        limit=usual if max_cost is None else max_cost,
        examples=len(known.draws),
    )


def require_remembered(before: Check, after: Check) -> None:
    """Raise `ForgettingError` where a correction costs more than the limit.

    One that gives back some of what earlier ones cost is let through.
    """
    if after.passed or after.cost <= before.cost:
        return
    raise ForgettingError(
        "what is to be learned costs too much of what is known",
        expected=f"{after.metric} of known examples to lose no more than {after.limit:.2%}",
        received=f"{after.before:.4g} before, {after.after:.4g} after: {after.cost:.2%}",
        hint="look whether the answers are right and of one kind; "
        "force=True (--force) learns it all the same, max_cost= (--max-cost) moves the limit",
    )


def _score(known: Rehearsal, outputs: np.ndarray) -> float:
    if known.unit is None:
        return float(np.mean(outputs.argmax(axis=1) == known.truth))
    errors = outputs[:, 0].astype(np.float64) - known.truth
    return float(np.sqrt(np.mean(errors**2)))
