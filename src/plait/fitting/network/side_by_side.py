"""Runs trainings side by side: each in a forked process of one thread, where that is possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

from plait.errors import PlaitError
from plait.forking import Child, can_fork, tell_found
from plait.progress import Progress, Update

WAIT_SECONDS = 1.0

T = TypeVar("T")


@dataclass(frozen=True)
class Job(Generic[T]):
    """A piece of work that needs nothing of the others.

    Attributes:
        name: For the progress bar.
        run: Does it, told where to say how far it is, a share in [0, 1] and a note. What it returns
            can be pickled: it comes from another process of this very program.
    """

    name: str
    run: Callable[[Update], T]


@dataclass(frozen=True)
class Forward:
    """A progress of one job, told to somebody else."""

    notify: Update

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        return self.notify


def num_at_once(num_jobs: int, device: str) -> int:
    """Return how many trainings run at the same time: one a core, of a CPU that forks.

    Small steps gain little from a second thread, and much from a second training. As many as torch
    has threads: who allows it one core gets one training after the other.
    """
    import torch

    able = device == "cpu" and can_fork()
    return max(1, min(num_jobs, torch.get_num_threads())) if able else 1


def run_all(jobs: Sequence[Job[T]], num: int, progress: Progress) -> list[T]:
    """Run jobs, `num` at a time, and return what they return, in their order.

    With one at a time they run in this process. Else each has a process of its own with one thread,
    so that its result does not depend on the others, nor on how many there are; when one fails, or
    this process is interrupted, all end.

    Raises:
        PlaitError: What a job raised, or that its process ended without a word.
    """
    if num <= 1:
        return [job.run(progress.task(job.name, 1.0)) for job in jobs]
    found: dict[int, T] = {}
    waiting = list(enumerate(jobs))
    running: dict[Connection, tuple[int, Child, Update]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < num:
                place, job = waiting.pop(0)
                child = Child(partial(_work, job.run), partial(_lost, job.name))
                running[child.pipe] = place, child, progress.task(job.name, 1.0)
            for told in wait(list(running), WAIT_SECONDS):
                pipe = cast("Connection", told)
                place, child, update = running[pipe]
                kind, said = child.hear()
                if kind == "share":
                    update(*said)
                    continue
                if kind == "error":
                    raise said
                found[place] = said
                update(1.0, "")
                child.end()
                del running[pipe]
    finally:
        for _, child, _ in running.values():
            child.end()
    return [found[place] for place in range(len(jobs))]


def _lost(name: str) -> PlaitError:
    return PlaitError(
        f"the process of '{name}' ended without a word",
        expected="a trained network",
        hint="was memory short? OMP_NUM_THREADS=1 trains one at a time",
    )


def _work(run: Callable[[Update], Any], pipe: Connection) -> None:
    """Do a job in a forked process, and tell of it."""
    import torch

    torch.set_num_threads(1)

    def tell(done: float, note: str = "") -> None:
        pipe.send(("share", (min(done, 0.999), note)))

    tell_found(pipe, partial(run, tell))
