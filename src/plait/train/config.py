"""Settings of a training run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plait.train.budget import Budget

FORESEEN_ROWS = 500
"""Rows that a small network sees in a second of the budget, on two cores."""

LEAST_STEPS, LEAST_BATCH = 400, 32
"""Steps that a network should take, and the batches that are not halved for it."""

SAVE_SHARE = 0.1
"""Of a timed training, that may be lost when it is stopped."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings of `plait.train.loop.train`.

    Attributes:
        learning_rate: AdamW's peak of the one-cycle schedule: tables, first layers, queries, head,
            norms.
        weight_decay: Of AdamW, on matrices only.
        muon_rate: Muon's peak, for hidden matrices and kernels; 0 leaves them to AdamW.
        muon_decay: Weight decay of Muon.
        momentum: Of both; networks that learn against each other want none.
        batch_size: Rows per step; 0 chooses 32 to 256 by the number of rows.
        warmup: Share of the schedule in which the learning rate rises.
        smoothing: Label smoothing of classification.
        balance: Exponent of inverse class frequency in the loss, 0 to 1; None chooses 0.25 when
            the largest class is over 20 times the smallest, else 0.
        clip: Largest gradient norm.
        ema_share: Horizon of the weights' moving average as a share of the steps so far.
        patience: Stop when this share of the schedule passed without a better validation cost.
        num_checks: Validations over the schedule.
        augment: Whether rows are varied by their codecs: from the second epoch on, for in the first
            each is new; where views of a row are compared, always.
        together_share: Of the schedule, in which rows are varied together where target and input
            can be: pictures laid together, with what is told of them. The rest is of single rows.
        save_seconds: Most time between checkpoints.
    """

    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    muon_rate: float = 0.015
    muon_decay: float = 0.025
    momentum: float = 0.9
    batch_size: int = 0
    warmup: float = 0.1
    smoothing: float = 0.05
    balance: float | None = None
    clip: float = 10.0
    ema_share: float = 0.05
    patience: float = 0.5
    num_checks: int = 12
    augment: bool = True
    together_share: float = 0.0
    save_seconds: float = 20.0

    def for_pairs(self, num_rows: int) -> TrainConfig:
        """Return the settings for learning by comparison: batches of 64 to 256 rows, for the other
        rows of a batch are what each is told apart from."""
        if self.batch_size:
            return self
        size = next((size for size in (256, 128) if num_rows >= 6 * size), 64)
        return replace(self, batch_size=size)

    def within(self, seconds: float, num_rows: int) -> TrainConfig:
        """Return the settings for a budget in which a network sees few batches: smaller ones.

        The sooner the time is up, the more a step is worth beside a quieter one (docs/log.md,
        2026-11-29). What decides is the budget, not a clock: a resumed training takes the same.

        Args:
            seconds: Of the whole budget.
            num_rows: Of the training set.
        """
        size = self.rows_per_step(num_rows)
        if self.batch_size or size <= LEAST_BATCH:
            return self
        while size > LEAST_BATCH and FORESEEN_ROWS * seconds < LEAST_STEPS * size:
            size //= 2
        return replace(self, batch_size=size)

    def between_saves(self, budget: Budget) -> float:
        """Return the seconds between checkpoints: a stop costs little of a short budget."""
        return min(self.save_seconds, SAVE_SHARE * budget.amount if budget.timed else math.inf)

    def rows_per_step(self, num_rows: int) -> int:
        """Return the batch size for a training set of `num_rows`."""
        if self.batch_size:
            return min(self.batch_size, num_rows)
        for size in (256, 128, 64, 32):
            if num_rows >= 60 * size:
                return size
        return min(16 if num_rows < 400 else 32, num_rows)
