"""Where a training stands, and which work it is: what a checkpoint keeps beside the tensors."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.objective import Objective


@dataclass
class TrainState:
    """Everything but tensors that a resumed run needs."""

    step: int = 0
    seconds: float = 0.0
    check_seconds: float = 0.0
    checked_at: float = 0.0
    num_checks: int = 0
    best_cost: float = math.inf
    best_share: float = 0.0
    loss: float = math.nan
    precision: str = ""
    done: bool = False
    curve: list[dict[str, float]] = field(default_factory=list)

    def see_loss(self, value: float) -> None:
        """Take a step's loss into the running mean."""
        self.loss = value if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * value

    def record(self, cost: float) -> None:
        """Add a check, and the cost it found, to the curve."""
        point = {"step": self.step, "seconds": round(self.seconds, 2)}
        self.curve.append({**point, "loss": self.loss, "validation": cost})

    def note(self) -> str:
        """Say where it stands, for the person who waits."""
        best = self.best_cost
        shown = f", validation {best:.4f}" if math.isfinite(best) else ""
        return f"step {self.step}, loss {self.loss:.4f}{shown}"


def identity(objective: Objective, budget: Budget, config: TrainConfig, seed: int) -> str:
    """Return what a checkpoint's run must share with one that goes on from it.

    The amount of a timed budget is not part: what is left of it differs after a stop.
    """
    module = objective.module
    configs = [one.config for one in module.modules() if hasattr(one, "config")]
    shapes = [(name, tuple(tensor.shape)) for name, tensor in module.state_dict().items()]
    amount = "" if budget.timed else f"{budget.amount} "
    text = f"{objective.work} {configs} {shapes} {config} {seed} {amount}{budget.unit}"
    digest = hashlib.sha256(text.encode())
    for rows in {id(view.rows): view.rows for view in objective.views}.values():
        digest.update(np.ascontiguousarray(rows).tobytes())
    return digest.hexdigest()[:32]
