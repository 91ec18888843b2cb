"""Runs trainings side by side: each in a forked process of one thread, where that is possible.

What a process found comes back by pickle, over a pipe that only this program and its own children
hold: nothing that was written to disk, or that came from elsewhere, is unpickled.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

from plait.errors import PlaitError
from plait.forking import can_fork, end_with
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
    forking = multiprocessing.get_context("fork")
    found: dict[int, T] = {}
    waiting = list(enumerate(jobs))
    running: dict[Connection, tuple[int, Any, Any]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < num:
                place, job = waiting.pop(0)
                ours, theirs = forking.Pipe(duplex=False)
                given = job.run, theirs, os.getpid()
                process = forking.Process(target=_work, args=given, daemon=True)
                process.start()
                theirs.close()
                running[ours] = place, process, progress.task(job.name, 1.0)
            for told in wait(list(running), WAIT_SECONDS):
                ours = cast("Connection", told)
                place, process, update = running[ours]
                kind, said = _hear(ours, jobs[place].name)
                if kind == "share":
                    update(*said)
                    continue
                if kind == "error":
                    raise said
                found[place] = said
                update(1.0, "")
                process.join()
                del running[ours]
    finally:
        for _, process, _ in running.values():
            process.kill()
            process.join()
    return [found[place] for place in range(len(jobs))]


def _hear(ours: Connection, name: str) -> tuple[str, Any]:
    try:
        return cast("tuple[str, Any]", ours.recv())
    except EOFError:
        lost = PlaitError(
            f"the process of '{name}' ended without a word",
            expected="a trained network",
            hint="was memory short? OMP_NUM_THREADS=1 trains one at a time",
        )
        return "error", lost


def _work(run: Callable[[Update], Any], theirs: Connection, parent: int) -> None:
    """Do a job in a forked process, and tell of it."""
    end_with(parent)
    import torch

    torch.set_num_threads(1)

    def tell(done: float, note: str = "") -> None:
        theirs.send(("share", (min(done, 0.999), note)))

    with suppress(BrokenPipeError):
        try:
            found = "done", run(tell)
        except Exception as error:  # said where the others are waited for
            found = "error", error
        try:
            theirs.send(found)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            theirs.send(("error", RuntimeError(f"{found[1]!r} cannot be told: {error}")))
    theirs.close()
