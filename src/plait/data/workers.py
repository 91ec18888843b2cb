"""Forked workers: they do the tasks of one kind side by side, and give what they found in order.

What a worker found comes back by pickle, over a pipe that only this program and its own children
hold: nothing that was written to disk, or that came from elsewhere, is unpickled.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

from plait.errors import PlaitError
from plait.forking import end_with
from plait.threads import few_threads

AHEAD = 4
"""Tasks per worker that may be given out before the first of them is taken back."""

K = TypeVar("K")
G = TypeVar("G")
F = TypeVar("F")


class Workers(Generic[G, F]):
    """Processes that do a work for this one. Use as a context manager: all end with the block.

    What they find does not depend on how many they are. They know what this process knew when
    they were forked, compute in one thread, and leave Ctrl-C to this process.

    Args:
        work: What to do with a task; tasks and what it returns can be pickled.
        num: Of processes.
    """

    def __init__(self, work: Callable[[G], F], num: int) -> None:
        self._work, self._num = work, num
        self._processes: dict[Connection, Any] = {}

    def __enter__(self) -> Workers[G, F]:
        forking = multiprocessing.get_context("fork")
        try:
            for _ in range(self._num):
                ours, theirs = forking.Pipe()
                given = self._work, theirs, os.getpid()
                process = forking.Process(target=_serve, args=given, daemon=True)
                self._processes[ours] = process
                process.start()
                theirs.close()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for end, process in self._processes.items():
            if process.pid is not None:
                process.kill()
                process.join()
            end.close()
        self._processes.clear()

    def map(self, tasks: Iterable[tuple[K, G | None]]) -> Iterator[tuple[K, F | None]]:
        """Yield every task's name and what was found, in order.

        Args:
            tasks: A name of any kind, which stays here, and what a worker is given; None where
                nothing is to be done but to keep the order. Looked at a few tasks ahead.

        Raises:
            PlaitError: A worker ended without a word; or what the work raised, in its turn.
        """
        todo = iter(tasks)
        names: dict[int, K] = {}
        found: dict[int, tuple[str, Any]] = {}
        busy: dict[Connection, int] = {}
        idle = list(self._processes)
        given, more = 0, True
        while more or names:
            first = next(iter(names), given)
            while more and idle and given < first + AHEAD * self._num:
                try:
                    names[given], task = next(todo)
                except StopIteration:
                    more = False
                    break
                if task is None:
                    found[given] = "done", None
                else:
                    end = idle.pop()
                    _tell(end, task)
                    busy[end] = given
                given += 1
            first = next(iter(names), given)
            for one in wait(list(busy), 0 if first in found else None) if busy else ():
                end = cast("Connection", one)
                found[busy.pop(end)] = _hear(end)
                idle.append(end)
            if first in found:
                kind, said = found.pop(first)
                if kind == "error":
                    raise said
                yield names.pop(first), said


def _tell(end: Connection, task: Any) -> None:
    try:
        end.send(task)
    except (BrokenPipeError, ConnectionResetError):
        raise _lost() from None


def _hear(end: Connection) -> tuple[str, Any]:
    try:
        return cast("tuple[str, Any]", end.recv())
    except (EOFError, ConnectionResetError):
        raise _lost() from None


def _lost() -> PlaitError:
    return PlaitError(
        "a process that read cells ended without a word",
        expected="the values of the cells",
        hint="was memory short? OMP_NUM_THREADS=1 reads them in one process",
    )


def _serve(work: Callable[[Any], Any], end: Connection, parent: int) -> None:
    """Do one task after the other in a forked process."""
    end_with(parent)
    with few_threads(1), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = end.recv()
            try:
                told = "done", work(task)
            except Exception as error:  # raised where results are taken
                told = "error", error
            try:
                end.send(told)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                end.send(("error", RuntimeError(f"{told[1]!r} cannot be told: {error}")))
