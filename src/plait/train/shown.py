"""Trains and shows a person how far it is."""

from __future__ import annotations

from pathlib import Path

from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.loop import train
from plait.train.objective import Objective
from plait.train.result import TrainResult


def train_shown(
    objective: Objective,
    name: str,
    progress: Progress,
    *,
    budget: Budget,
    config: TrainConfig,
    seed: int,
    device: str,
    folder: Path | None = None,
) -> TrainResult:
    """Train as `plait.train.loop.train` does, as a task of a name, which says how it ended."""
    update = progress.task(name, 1.0)

    def notify(share: float, note: str) -> None:
        update(min(share, 0.999), note)

    result = train(
        objective,
        budget=budget,
        config=config,
        seed=seed,
        device=device,
        folder=folder,
        notify=notify,
    )
    update(1.0, f"{result.steps} steps, {result.precision}")
    return result
