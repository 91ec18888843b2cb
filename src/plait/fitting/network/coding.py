"""The part of a network's budget in which its heads learn to tell values in few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig

SHARE = 0.25
"""Of the budget of a network any of whose heads has codes to learn."""

MOST_LOST = 0.1
"""Of the variance of values, that codes may lose: what is drawn can be no better."""


@dataclass(frozen=True)
class Coded:
    """Codes that were learned.

    Attributes:
        steps: In which they were.
        lost: Target -> share of the variance of values that they lose.
        notes: What a person should know.
        refused: Why no network is worth training upon them; "" where one is.
    """

    steps: int = 0
    lost: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    refused: str = ""

    def told(self) -> dict[str, Any]:
        """Return what the records tell of them; nothing where there are none."""
        return {"coded_steps": self.steps, "codes_lose": dict(self.lost)} if self.steps else {}


def coding_budgets(networks: Sequence[Any], budget: Budget) -> tuple[Budget | None, Budget]:
    """Return the parts of a budget: to learn the codes of each network that has any, None where
    none has, and for all else."""
    from plait.train.coding import coded

    num = sum(bool(coded(network)) for network in networks)
    if not num:
        return None, budget
    return budget.share(SHARE / num), budget.share(1 - SHARE)


def learn_codes(
    network: Any,
    data: Any,
    budget: Budget | None,
    *,
    config: TrainConfig,
    seed: int,
    device: str,
    folder: Path | None,
    progress: Progress,
) -> Coded:
    """Let heads learn codes of their values, in place, after which these stay as they are.

    Args:
        network: Any; none but a `plait.networks.heads.Heads` has codes.
        data: `plait.train.generative.GenerativeData` of the rows to learn from.
        budget: Of this part alone; None where there is nothing to learn.
        config: Of the training that follows.
        seed, device: See `plait.train.loop.train`.
        folder: Where that training's checkpoints are; this one's go beside them.
        progress: Told of the work.
    """
    from plait.train.coding import Coding, coded
    from plait.train.shown import train_shown

    if budget is None or not coded(network):
        return Coded()
    learned = [one for one in network.parameters() if one.requires_grad]
    objective = Coding(network, data)
    place = None if folder is None else folder / "coded"
    run = train_shown(
        objective, "codes", progress, budget=budget, config=config, seed=seed, device=device,
        folder=place,
    )  # fmt: skip
    lost = objective.settle()
    for one in learned:
        one.requires_grad_(True)
    for name in coded(network):
        network.head(name).coded.requires_grad_(False)
    told = {name: f"{100 * one:.1f} % of the variance of '{name}'" for name, one in lost.items()}
    notes = [
        f"what is drawn are codes: on rows held out they lose {one}, which no drawing brings back"
        for one in told.values()
    ]
    bad = [told[name] for name, one in lost.items() if one > MOST_LOST]
    refused = f"the codes that it would draw lose {', '.join(bad)}" if bad else ""
    return Coded(run.steps, tuple(lost.items()), tuple(notes), refused)
