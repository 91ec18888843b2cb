"""The training loop: steps a schedule fitted to the budget, watched by a validation set."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from plait.data.loader import Loader
from plait.networks.system import to_tensors
from plait.train.average import WeightAverage
from plait.train.budget import Budget, Clock, compile_repays
from plait.train.checkpoint import load_checkpoint, pack, save_checkpoint, unpack
from plait.train.config import TrainConfig
from plait.train.data_parallel import GradientWorkers, Part, num_parts
from plait.train.learning_rate import one_cycle
from plait.train.objective import Objective
from plait.train.optimizer import Optimizer
from plait.train.precision import num_frozen, remembered_precision, settled_precision
from plait.train.randomness import random_states, set_random_states
from plait.train.result import TrainResult
from plait.train.state import TrainState, identity
from plait.types import Batch

CHECK_SHARE = 0.15
"""Of a timed training, checks take no more than about this part."""

Notify = Callable[[float, str], None]
"""Told the share of the work that is done, in [0, 1], and a note for the person who waits."""


def train(
    objective: Objective,
    *,
    budget: Budget,
    config: TrainConfig | None = None,
    seed: int = 0,
    device: str = "cpu",
    folder: Path | None = None,
    notify: Notify | None = None,
) -> TrainResult:
    """Train ``objective.module`` in place within a budget, keeping its best averaged weights.

    With a `folder`, checkpoints are written there, and a run that finds one goes on from it. Given
    a budget in steps or epochs, an interrupted and resumed run ends with the same weights, bit
    for bit, as an uninterrupted one on the same machine; a budget in seconds goes on with the
    time that was left.

    Args:
        objective: What is trained, on which rows, and what is minimised.
        budget: Time, steps or epochs, checks included.
        config: Settings.
        seed: Of the order of rows, augmentation and dropout.
        device: ``cpu`` or ``cuda``.
        folder: Where checkpoints go.
        notify: Told of progress.
    """
    run = _Run(objective, budget, config or TrainConfig(), seed, torch.device(device), folder)
    return run.train(notify or (lambda share, note: None))


class _Run:
    def __init__(
        self,
        objective: Objective,
        budget: Budget,
        config: TrainConfig,
        seed: int,
        device: torch.device,
        folder: Path | None,
    ) -> None:
        self.objective, self.budget, self.config = objective, budget, config
        self.device, self.folder = device, folder
        self.module = objective.module.to(device)
        torch.manual_seed(seed)
        self.seed, self.batch_size = seed, config.rows_per_step(len(objective.rows))
        self.clock = Clock()
        # Where steps are counted, one process makes the same network on a machine of any size.
        least = objective.least_part if budget.timed else None
        self.num_parts = num_parts(self.batch_size, device.type, least)
        self.loaders = self._loaders(0)
        self.num_batches = self.loaders[0].num_batches
        self.num_steps = budget.num_steps(self.num_batches)
        self.optimizer = Optimizer(self.module, config)
        self.average = WeightAverage(self.module, share=config.ema_share)
        self.best: dict[str, Tensor] = {}
        self.state = TrainState()
        self.identity = identity(objective, budget, config, seed)
        if compile_repays(device.type, budget, self.num_steps):
            objective.compile()

    def train(self, notify: Notify) -> TrainResult:
        self._resume(notify)
        self.clock = Clock(self.state.seconds)
        if not self.state.done:
            with self._workers() as workers:
                self._learn(workers, notify)
            self._finish()
        self.module.load_state_dict(self.best)
        return self._result()

    def _learn(self, workers: GradientWorkers | None, notify: Notify) -> None:
        saved = time.monotonic()
        for rows, views in self._batches(self.loaders, self.state.step):
            if not self.state.precision:
                self.state.precision = self._precision(rows, views)
            self._step(rows, views, workers)
            self.state.seconds = self.clock.seconds
            share = self._share()
            if self._check_is_due(share):
                self._check()
            if share >= 1 or self._stalled(share):
                return
            if self.folder and time.monotonic() - saved > self.config.between_saves(self.budget):
                self._save()
                saved = time.monotonic()
            if self.state.step % 10 == 0:
                notify(share, self.state.note())

    def _loaders(self, part: int) -> list[Loader]:
        """Return what gives one part of each batch, a loader for each view."""
        return [
            Loader(
                self.objective.prepared,
                view.rows,
                self.objective.columns,
                batch_size=self.batch_size,
                augment=self.config.augment,
                plain_epochs=view.plain_epochs,
                shuffle=True,
                bucket=True,
                seed=self.seed,
                view=view.number,
                part=(part, self.num_parts),
                shared=self.objective.shared,
                together=view.together,
                together_at=self._together_at,
            )
            for view in self.objective.views
        ]

    def _workers(self) -> AbstractContextManager[GradientWorkers | None]:
        """Return the processes that learn the other parts of each batch; None for no other part."""
        if self.num_parts == 1:
            return nullcontext()
        step = self.state.step
        parts = [self._batches(self._loaders(i), step) for i in range(1, self.num_parts)]
        return GradientWorkers(self.module, self.objective.loss, parts, self.seed + step)

    def _share(self) -> float:
        if self.num_steps is not None:
            return self.state.step / self.num_steps
        return self.state.seconds / max(self.budget.amount - self.state.check_seconds, 1e-3)

    def _together_at(self, step: int) -> bool:
        """Tell whether rows of a step, made now, are varied together: not in the last part."""
        done = self.clock.seconds if self.num_steps is None else step
        return done < self.config.together_share * (self.num_steps or self.budget.amount)

    def _batches(self, loaders: Sequence[Loader], step: int) -> Iterator[Part]:
        """Yield the first view's row numbers, and a batch of each view, from a step on."""
        for items in zip(*(one.batches(step) for one in loaders), strict=True):
            yield items[0][0], tuple(to_tensors(arrays, self.device) for _, arrays in items)

    def _precision(self, rows: np.ndarray, views: tuple[Batch, ...]) -> str:
        """Return the number format: measured, unless steps are counted or too long to be tried."""
        if self.num_steps is not None or num_frozen(self.module):
            return settled_precision(self.module, self.device)
        return remembered_precision(self._trial(rows, views), self.device, self._work())

    def _trial(self, rows: np.ndarray, views: tuple[Batch, ...]) -> Callable[[str], object]:
        def step(precision: str) -> None:
            states = random_states()
            buffers = [(buffer, buffer.clone()) for buffer in self.module.buffers()]
            self.module.train()
            self.objective.loss(rows, views, precision).backward()
            self.optimizer.zero_grad()
            for buffer, before in buffers:
                buffer.copy_(before)
            set_random_states(states)

        return step

    def _step(
        self, rows: np.ndarray, views: tuple[Batch, ...], workers: GradientWorkers | None
    ) -> None:
        self.module.train()
        if workers is not None:
            workers.begin(self.state.precision)
        loss = self.objective.loss(rows, views, self.state.precision)
        loss.backward()
        seen = float(loss.detach())
        if workers is not None:
            seen = workers.add(len(rows), seen)
        length = torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.config.clip)
        if length.isfinite():
            self.optimizer.step(one_cycle(self._share(), self.config.warmup))
        else:  # no direction: one such step would leave no weight a number
            self.optimizer.zero_grad()
        self.objective.after_step(self._share())
        self.state.step += 1
        self.average.update(self.module, self.state.step)
        self.state.see_loss(seen)

    def _check_is_due(self, share: float) -> bool:
        early = share * self.config.num_checks < self.state.num_checks + 1
        if early or not self.objective.num_checked:
            return False
        return self.num_steps is not None or self._can_afford_check()

    def _can_afford_check(self) -> bool:
        """Tell whether training took long enough, beside what a check takes, since the last one.

        Before the first, a row is foreseen to be answered in a third of the time of a step's.
        """
        seconds = self.state.check_seconds
        if not self.state.num_checks:
            num_seen = self.state.step * self.batch_size
            seconds = self.objective.num_checked * self.state.seconds / max(3 * num_seen, 1)
        since = self.state.seconds - self.state.checked_at
        return seconds <= CHECK_SHARE * since

    def _check(self) -> None:
        start = time.monotonic()
        self.average.swap_in(self.module)
        cost = self.objective.cost()
        if cost < self.state.best_cost:
            self.state.best_cost, self.state.best_share = cost, self._share()
            self.best = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.average.swap_out(self.module)
        self.state.num_checks += 1
        self.state.seconds = self.clock.seconds
        self.state.check_seconds = max(self.state.check_seconds, time.monotonic() - start)
        self.state.checked_at = self.state.seconds
        self.state.record(cost)

    def _stalled(self, share: float) -> bool:
        return math.isfinite(self.state.best_cost) and (
            share - self.state.best_share > self.config.patience
        )

    def _finish(self) -> None:
        last = self.state.curve[-1]["step"] if self.state.curve else -1
        compared = bool(self.best) or self.num_steps is not None
        if self.objective.num_checked and last != self.state.step and compared:
            self._check()
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
            **pack("model", self.module.state_dict()),
            **pack("average", self.average.weights),
            **pack("best", self.best),
            **pack("optimizer", self.optimizer.tensors()),
            **pack("random", random_states()),
        }
        save_checkpoint(self.folder, tensors, {**vars(self.state), "identity": self.identity})

    def _resume(self, notify: Notify) -> None:
        found = load_checkpoint(self.folder) if self.folder else None
        if found is None:
            return
        tensors, state = found
        if state.pop("identity", "") != self.identity:
            notify(0.0, "the checkpoint here is of other work: starting afresh")
            return
        self.state = TrainState(**state)
        self.module.load_state_dict(unpack("model", tensors))
        self.average.weights = {k: v.to(self.device) for k, v in unpack("average", tensors).items()}
        self.best = unpack("best", tensors)
        self.optimizer.load(unpack("optimizer", tensors))
        set_random_states(unpack("random", tensors))

    def _work(self) -> str:
        return f"{self.objective.work} {self.batch_size} {self.num_parts}"

    def _result(self) -> TrainResult:
        seconds = max(self.state.seconds, 1e-9)
        return TrainResult(
            steps=self.state.step,
            seconds=self.state.seconds,
            precision=self.state.precision,
            rows_per_second=self.state.step * self.batch_size / seconds,
            wait_share=sum(one.wait_seconds for one in self.loaders) / seconds,
            curve=self.state.curve,
        )
