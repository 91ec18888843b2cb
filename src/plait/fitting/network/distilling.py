"""The part of a network's budget in which its heads learn from what it has learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig

SHARE = 0.3
"""Of the budget of a network any of whose heads can be distilled (docs/log.md, 2026-12-01)."""

PACE = 0.5
"""Its rates, beside those of the training before it: it begins where that ended."""


def budgets_of(networks: Sequence[Any], budget: Budget) -> tuple[Budget, Budget | None]:
    """Return the parts of a budget: to train networks together, and to distil each of those that
    can be; None where none can."""
    from plait.train.self_distillation import distilled

    num = sum(bool(distilled(network)) for network in networks)
    if not num:
        return budget, None
    return budget.share(1 - SHARE), budget.share(SHARE / num)


def distil(
    network: Any,
    data: Any,
    budget: Budget,
    *,
    config: TrainConfig,
    seed: int,
    device: str,
    folder: Path | None,
    progress: Progress,
) -> int:
    """Let heads of a trained network learn from it, in place; return the number of steps, 0 for
    a network that has nothing to distil.

    Args:
        network: Any; none but a `plait.networks.heads.Heads` can be distilled.
        data: `plait.train.generative.GenerativeData` of the rows that it learned from.
        budget: Of this part alone.
        config: Of the training before it.
        seed, device: See `plait.train.loop.train`.
        folder: Where the training's checkpoints are; this one's go beside them.
        progress: Told of the work.
    """
    from plait.train.self_distillation import SelfDistillation, distilled
    from plait.train.shown import train_shown

    if not distilled(network):
        return 0
    learned = [one for one in network.parameters() if one.requires_grad]
    objective = SelfDistillation(network, data)
    rates = {name: PACE * getattr(config, name) for name in ("learning_rate", "muon_rate")}
    run = train_shown(
        objective,
        "few steps",
        progress,
        budget=budget,
        config=replace(config, **rates),
        seed=seed,
        device=device,
        folder=None if folder is None else folder / "distilled",
    )
    for one in learned:
        one.requires_grad_(True)
    return run.steps
