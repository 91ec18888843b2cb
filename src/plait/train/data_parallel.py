"""Data parallelism on one machine: each batch is cut in parts, a process for each."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from plait.errors import PlaitError
from plait.forking import Child, can_fork, tell_found
from plait.types import Batch

LEAST_ROWS = 16
"""A part of a batch has no fewer rows: each step waits for the slowest part."""

Part = tuple[np.ndarray, tuple[Batch, ...]]
"""Row numbers and views of what one process learns from in a step."""

Loss = Callable[[np.ndarray, tuple[Batch, ...], str], Tensor]


def num_parts(batch_size: int, device: str, least_rows: int | None = LEAST_ROWS) -> int:
    """Return into how many parts to cut a batch: one for each of torch's threads, if they fork.

    Small steps gain little from a second thread, and nearly twice from a second process.

    Args:
        batch_size: Rows of a batch.
        device: ``cpu`` or ``cuda``.
        least_rows: Of a part; None where batches are not to be cut.
    """
    if least_rows is None or device != "cpu" or not can_fork():
        return 1
    return max(1, min(torch.get_num_threads(), batch_size // least_rows))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch's operations take one thread, as each process of a timed training does.

    Two threads of an operation wait for each other: beside another busy process a step of small
    convolutions took four times as long by two threads as by one (docs/log.md, 2026-11-29).
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class GradientWorkers:
    """Processes that add the gradients of their parts of each batch to those of this one.

    Weights lie in memory that all of them see, where the optimizer of this process changes them;
    gradients come back the same way. A step is that of the whole batch (synchronous data
    parallelism, Li et al. 2020, "PyTorch Distributed", section 2), but for the draws of dropout.

    Use it as a context: at its end the processes end, and the weights are this process's own.

    Args:
        module: What is trained.
        loss: Of rows, their views and a number format: the mean over the rows.
        parts: For each process beside this one, gives its part of each batch, in order.
        seed: Of the processes' draws.
    """

    def __init__(
        self, module: nn.Module, loss: Loss, parts: Sequence[Iterator[Part]], seed: int
    ) -> None:
        self._module, self._loss, self._parts, self._seed = module, loss, parts, seed
        self._trained = [one for one in module.parameters() if one.requires_grad]
        self._threads = ExitStack()
        self._children: list[Child] = []
        self._gradients: list[Tensor] = []

    def __enter__(self) -> GradientWorkers:
        self._threads.enter_context(one_thread())
        self._share_weights()
        size = sum(one.numel() for one in self._trained)
        for number, part in enumerate(self._parts, 1):
            gradients = _shared(size)
            work = partial(self._work, part, gradients, self._seed + number)
            self._children.append(Child(work, _lost))
            self._gradients.append(gradients)
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        for one in self._trained:
            one.data = one.data.clone()
        self._threads.close()

    def begin(self, precision: str) -> None:
        """Let every process compute the gradients of its part of the next batch.

        Raises `PlaitError` when one ended.
        """
        for child in self._children:
            child.tell(precision)

    def add(self, num_rows: int, loss: float) -> float:
        """Wait for the gradients, and weigh them and this process's own by rows.

        Args:
            num_rows: Of this process's part.
            loss: Of this process's part.

        Returns:
            The mean loss of the whole batch.

        Raises:
            PlaitError: When a process ended.
        """
        heard = [self._hear(child) for child in self._children]
        total = num_rows + sum(rows for rows, _, _ in heard)
        loss *= num_rows / total
        torch._foreach_mul_([p.grad for p in self._trained if p.grad is not None], num_rows / total)
        for gradients, (rows, told, known) in zip(self._gradients, heard, strict=True):
            loss += told * rows / total
            parts = gradients.split([one.numel() for one in self._trained])
            for one, part, has in zip(self._trained, parts, known, strict=True):
                if not has:
                    continue
                if one.grad is None:
                    one.grad = torch.zeros_like(one)
                one.grad.add_(part.view_as(one), alpha=rows / total)
        return loss

    def _hear(self, child: Child) -> tuple[int, float, list[bool]]:
        kind, said = child.hear()
        if kind == "error":
            raise said
        return cast("tuple[int, float, list[bool]]", said)

    def _share_weights(self) -> None:
        shared = _shared(sum(one.numel() for one in self._trained))
        parts = shared.split([one.numel() for one in self._trained])
        for one, part in zip(self._trained, parts, strict=True):
            part.copy_(one.data.reshape(-1))
            one.data = part.view_as(one)

    def _work(self, part: Iterator[Part], gradients: Tensor, seed: int, pipe: Connection) -> None:
        """Compute the gradients of one part of each batch, in a forked process."""
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        places = gradients.split([one.numel() for one in self._trained])

        def step() -> tuple[int, float, list[bool]]:
            rows, views = next(part)  # made before it is asked for
            return self._step(rows, views, pipe.recv(), places)

        while tell_found(pipe, step):
            pass

    def _step(
        self, rows: np.ndarray, views: tuple[Batch, ...], precision: str, places: Sequence[Tensor]
    ) -> tuple[int, float, list[bool]]:
        if not len(rows):
            return 0, 0.0, [False] * len(places)
        self._module.train()
        self._module.zero_grad(set_to_none=True)
        loss = self._loss(rows, views, precision)
        loss.backward()
        for one, place in zip(self._trained, places, strict=True):
            if one.grad is not None:
                place.copy_(one.grad.reshape(-1))
        known = [one.grad is not None for one in self._trained]
        return len(rows), float(loss.detach()), known


def _lost() -> PlaitError:
    return PlaitError(
        "a process that trains a part of each batch ended without a word",
        hint="was memory short? OMP_NUM_THREADS=1 trains in one process",
    )


def _shared(size: int) -> Tensor:
    """Return zeros, float32 ``[size]``, in memory that forked processes share.

    Anonymous memory: a small or absent ``/dev/shm``, as containers have it, is no bound.
    """
    return torch.frombuffer(mmap.mmap(-1, max(4 * size, 4)), dtype=torch.float32)[:size]
