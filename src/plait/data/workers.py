"""Forked workers: they do the tasks of one kind side by side, and give what they found in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

from plait.errors import PlaitError
from plait.forking import Child, tell_found
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
        self._children: list[Child] = []

    def __enter__(self) -> Workers[G, F]:
        try:
            for _ in range(self._num):
                self._children.append(Child(self._serve, _lost))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        self._children.clear()

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
        busy: dict[Connection, tuple[int, Child]] = {}
        idle = list(self._children)
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
                    child = idle.pop()
                    child.tell(task)
                    busy[child.pipe] = given, child
                given += 1
            first = next(iter(names), given)
            for one in wait(list(busy), 0 if first in found else None) if busy else ():
                place, child = busy.pop(cast("Connection", one))
                found[place] = child.hear()
                idle.append(child)
            if first in found:
                kind, said = found.pop(first)
                if kind == "error":
                    raise said
                yield names.pop(first), said

    def _serve(self, pipe: Connection) -> None:
        """Do one task after the other in a forked process."""
        with few_threads(1):
            while True:
                task = pipe.recv()
                tell_found(pipe, partial(self._work, task))


def _lost() -> PlaitError:
    return PlaitError(
        "a process that read cells ended without a word",
        expected="the values of the cells",
        hint="was memory short? OMP_NUM_THREADS=1 reads them in one process",
    )
