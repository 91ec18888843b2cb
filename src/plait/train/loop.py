"""The training loop: steps a schedule fitted to the budget, watched by a validation set."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plait.data.loader import Loader
from plait.model.infer import system_outputs
from plait.model.system import System, drop_columns, presence, to_tensors
from plait.train.average import WeightAverage
from plait.train.budget import Budget, Clock
from plait.train.checkpoint import (
    load_checkpoint,
    pack,
    pack_optimizer,
    save_checkpoint,
    unpack,
    unpack_optimizer,
)
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.precision import autocast, remembered_precision
from plait.types import Batch

Notify = Callable[[float, str], None]
"""Told the share of the work that is done, in [0, 1], and a note for the person who waits."""

MAX_ROWS_PER_CHECK = 4096


@dataclass
class TrainState:
    """Everything but tensors that a resumed run needs."""

    step: int = 0
    seconds: float = 0.0
    check_seconds: float = 0.0
    num_checks: int = 0
    best_cost: float = math.inf
    best_share: float = 0.0
    loss: float = math.nan
    precision: str = ""
    done: bool = False
    curve: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class TrainResult:
    """What a run did. The weights are in the `System` that was given.

    Attributes:
        steps, seconds: Work done.
        precision: ``bfloat16`` or ``float32``.
        rows_per_second: Training speed.
        wait_share: Share of the time spent waiting for input.
        curve: ``{"step", "seconds", "loss", "validation"}`` at every check.
    """

    steps: int
    seconds: float
    precision: str
    rows_per_second: float
    wait_share: float
    curve: list[dict[str, float]]


def train_system(
    system: System,
    data: TrainData,
    *,
    budget: Budget,
    config: TrainConfig | None = None,
    seed: int = 0,
    device: str = "cpu",
    folder: Path | None = None,
    notify: Notify | None = None,
) -> TrainResult:
    """Train `system` in place within a budget, keeping its best averaged weights.

    With a `folder`, checkpoints are written there, and a run that finds one goes on from it. Given
    a budget in steps or epochs, an interrupted and resumed run ends with the same weights, bit
    for bit, as an uninterrupted one on the same machine; a budget in seconds goes on with the
    time that was left.

    Args:
        system: The network to train.
        data: Rows to learn from and to validate on.
        budget: Time, steps or epochs, checks included.
        config: Settings.
        seed: Of the order of rows, augmentation and dropout.
        device: ``cpu`` or ``cuda``.
        folder: Where checkpoints go.
        notify: Told of progress.
    """
    run = _Run(system, data, budget, config or TrainConfig(), seed, torch.device(device), folder)
    return run.train(notify or (lambda share, note: None))


class _Run:
    def __init__(
        self,
        system: System,
        data: TrainData,
        budget: Budget,
        config: TrainConfig,
        seed: int,
        device: torch.device,
        folder: Path | None,
    ) -> None:
        self.system, self.data, self.budget, self.config = system.to(device), data, budget, config
        self.device, self.folder = device, folder
        torch.manual_seed(seed)
        self.loader = Loader(
            data.prepared,
            data.rows,
            data.columns,
            batch_size=config.rows_per_step(len(data.rows)),
            augment=config.augment,
            shuffle=True,
            bucket=True,
            seed=seed,
        )
        self.num_steps = budget.num_steps(self.loader.num_batches)
        self.optimizer = _make_optimizer(system, config)
        self.average = WeightAverage(system, share=config.ema_share)
        self.best: dict[str, Tensor] = {}
        weights = data.class_weights(config.balance)
        self.class_weights = None if weights is None else torch.from_numpy(weights).to(device)
        self.truth = torch.from_numpy(data.truth)
        self.state = TrainState()
        self._forward = _compiled(system, self.device, budget, self.num_steps)

    def train(self, notify: Notify) -> TrainResult:
        self._resume()
        clock = Clock(self.state.seconds)
        saved = time.monotonic()
        if not self.state.done:
            for batch in self._batches():
                if not self.state.precision:
                    self.state.precision = remembered_precision(
                        self._trial(batch), self.device, self._work()
                    )
                self._step(batch)
                self.state.seconds = clock.seconds
                share = self._share()
                if self._check_is_due(share):
                    self._check(clock)
                if share >= 1 or self._stalled(share):
                    break
                if self.folder and time.monotonic() - saved > self.config.save_seconds:
                    self._save()
                    saved = time.monotonic()
                if self.state.step % 10 == 0:
                    notify(share, self._note())
            self._finish(clock)
        self.system.load_state_dict(self.best)
        return self._result()

    def _share(self) -> float:
        if self.num_steps is not None:
            return self.state.step / self.num_steps
        return self.state.seconds / max(self.budget.amount - self.state.check_seconds, 1e-3)

    def _batches(self) -> Iterator[tuple[np.ndarray, Batch]]:
        num = self.loader.num_batches
        while True:
            epoch, start = divmod(self.state.step, num)
            for rows, arrays in self.loader.epoch(epoch, start):
                yield rows, to_tensors(arrays, self.device)

    def _loss(self, rows: np.ndarray, batch: Batch, precision: str) -> Tensor:
        keep = presence(batch, self.data.columns)
        keep = drop_columns(keep.cpu(), self.system.config.drop_column).to(self.device)
        truth = self.truth[torch.from_numpy(rows)].to(self.device)
        with autocast(precision, self.device):
            raw = self._forward(batch, keep)
        losses = self.system.head.loss(
            raw.float(), truth, smoothing=self.config.smoothing, weight=self.class_weights
        )
        return losses.mean()

    def _trial(self, example: tuple[np.ndarray, Batch]) -> Callable[[str], object]:
        def step(precision: str) -> None:
            state = torch.get_rng_state()
            self.system.train()
            self._loss(*example, precision).backward()
            self.optimizer.zero_grad(set_to_none=True)
            torch.set_rng_state(state)

        return step

    def _step(self, batch: tuple[np.ndarray, Batch]) -> None:
        self.system.train()
        rate = self.config.learning_rate * one_cycle(self._share(), self.config.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(*batch, self.state.precision)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.system.parameters(), self.config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.state.step += 1
        self.average.update(self.system, self.state.step)
        value = float(loss.detach())
        before = self.state.loss
        self.state.loss = value if math.isnan(before) else 0.95 * before + 0.05 * value

    def _check_is_due(self, share: float) -> bool:
        if not len(self.data.rows_validation):
            return False
        return share * self.config.num_checks >= self.state.num_checks + 1

    def _check(self, clock: Clock) -> None:
        start = time.monotonic()
        rows = self.data.rows_validation[:MAX_ROWS_PER_CHECK]
        self.average.swap_in(self.system)
        outputs = system_outputs(self.system, self.data.prepared, rows, device=self.device)
        cost = float(self.data.codec.cost(outputs, self.data.truth[rows]).mean())
        if cost < self.state.best_cost:
            self.state.best_cost, self.state.best_share = cost, self._share()
            self.best = {k: v.detach().clone() for k, v in self.system.state_dict().items()}
        self.average.swap_out(self.system)
        self.state.num_checks += 1
        self.state.seconds = clock.seconds
        self.state.check_seconds = max(self.state.check_seconds, time.monotonic() - start)
        self._record(cost)

    def _record(self, cost: float) -> None:
        point = {"step": self.state.step, "seconds": round(self.state.seconds, 2)}
        self.state.curve.append({**point, "loss": self.state.loss, "validation": cost})

    def _stalled(self, share: float) -> bool:
        return math.isfinite(self.state.best_cost) and (
            share - self.state.best_share > self.config.patience
        )

    def _finish(self, clock: Clock) -> None:
        last = self.state.curve[-1]["step"] if self.state.curve else -1
        if len(self.data.rows_validation) and last != self.state.step:
            self._check(clock)
        if not self.best:
            self.best = {k: v.detach().clone() for k, v in self.average.weights.items()}
            self.state.curve.append(
                {"step": self.state.step, "seconds": self.state.seconds, "loss": self.state.loss}
            )
        self.state.done = True
        self._save()

    def _save(self) -> None:
        if self.folder is None:
            return
        tensors = {
            **pack("model", self.system.state_dict()),
            **pack("average", self.average.weights),
            **pack("best", self.best),
            **pack("optimizer", pack_optimizer(self.optimizer)),
            "random": torch.get_rng_state(),
        }
        save_checkpoint(self.folder, tensors, vars(self.state))

    def _resume(self) -> None:
        found = load_checkpoint(self.folder) if self.folder else None
        if found is None:
            return
        tensors, state = found
        self.state = TrainState(**state)
        self.system.load_state_dict(unpack("model", tensors))
        self.average.weights = {k: v.to(self.device) for k, v in unpack("average", tensors).items()}
        self.best = unpack("best", tensors)
        unpack_optimizer(self.optimizer, unpack("optimizer", tensors))
        torch.set_rng_state(tensors["random"])

    def _work(self) -> str:
        layouts = [
            (column, self.data.prepared.columns[column].codec.layout)
            for column in self.data.columns
        ]
        config = replace(self.system.config, join=0)
        return f"{config} {self.config.rows_per_step(len(self.data.rows))} {layouts}"

    def _note(self) -> str:
        best = self.state.best_cost
        shown = f", validation {best:.4f}" if math.isfinite(best) else ""
        return f"step {self.state.step}, loss {self.state.loss:.4f}{shown}"

    def _result(self) -> TrainResult:
        seconds = max(self.state.seconds, 1e-9)
        rows = self.state.step * self.config.rows_per_step(len(self.data.rows))
        return TrainResult(
            steps=self.state.step,
            seconds=self.state.seconds,
            precision=self.state.precision,
            rows_per_second=rows / seconds,
            wait_share=self.loader.wait_seconds / seconds,
            curve=self.state.curve,
        )


def one_cycle(share: float, warmup: float) -> float:
    """Return the learning rate over its peak: a linear rise, then half a cosine down to 1 %.

    Source: Smith and Topin 2018 (super-convergence); linear warm-up and cosine after Loshchilov
    and Hutter 2017.

    Args:
        share: Progress in [0, 1].
        warmup: Share of the rise.
    """
    if share < warmup:
        return 0.01 + 0.99 * share / warmup
    down = min(1.0, (share - warmup) / max(1 - warmup, 1e-9))
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * down))


def compile_repays(device: str, budget: Budget, num_steps: int | None) -> bool:
    """Tell whether ``torch.compile`` pays for itself: on GPUs, from five minutes or 5,000 steps on.

    Compiling takes tens of seconds. Not measured on a GPU yet.
    """
    long_enough = budget.amount >= 300 if num_steps is None else num_steps >= 5000
    return device == "cuda" and long_enough


def _compiled(
    system: System, device: torch.device, budget: Budget, num_steps: int | None
) -> Callable[..., Tensor]:
    if not compile_repays(device.type, budget, num_steps):
        return system
    compiled: Callable[..., Tensor] = torch.compile(system, dynamic=True)
    return compiled


def _make_optimizer(system: System, config: TrainConfig) -> torch.optim.Optimizer:
    matrices = [p for p in system.parameters() if p.ndim >= 2]
    others = [p for p in system.parameters() if p.ndim < 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=True)
