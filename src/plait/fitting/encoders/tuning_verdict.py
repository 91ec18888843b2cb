"""What measuring the ways to use a pretrained encoder came to, and which of them is taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.fitting.setup.work import FROZEN
from plait.train.fine_tuning import Tuner


@dataclass
class Verdict:
    """What the measuring of one encoder came to.

    Attributes:
        input_column: That the encoder reads.
        costs: Way -> cost per judged row, float64 ``[row]``.
        tuner: The best way's network, on the CPU; None where that is `FROZEN`.
        chosen: One of the ways.
        notes: What a person should know.
    """

    input_column: str
    costs: dict[str, np.ndarray]
    tuner: Tuner | None = None
    chosen: str = FROZEN
    notes: list[str] = field(default_factory=list)

    def judge(self, way: str, tuner: Tuner, costs: np.ndarray, *, forced: bool) -> None:
        """Enter a way's costs; take it where it beats frozen by over one standard error.

        A `forced` way is taken though frozen be better, unless it diverged.
        """
        before, frozen = self.costs[self.chosen], self.costs[FROZEN]
        self.costs[way] = costs
        gain = frozen - costs
        error = float(gain.std()) / max(len(gain), 1) ** 0.5
        clearly = float(gain.mean()) > error and float(costs.mean()) < float(before.mean())
        if clearly or (forced and np.isfinite(costs).all()):
            self.chosen, self.tuner = way, tuner.cpu()
        if forced:
            self.notes += self._regrets(way, float(gain.mean()))

    def _regrets(self, way: str, gain: float) -> list[str]:
        name = f"the encoder of '{self.input_column}'"
        if self.chosen != way:
            return [f"{name} stayed frozen: tuning it ({way}) diverged"]
        if gain <= 0:
            return [f"{name} was tuned ({way}) as asked, though frozen is no worse on validation"]
        return []

    def records(self) -> list[dict[str, Any]]:
        """Return ``{"column", "how", "cost", "chosen"}`` per way measured."""
        return [
            {
                "column": self.input_column,
                "how": way,
                "cost": float(cost.mean()),
                "chosen": way == self.chosen,
            }
            for way, cost in self.costs.items()
        ]
