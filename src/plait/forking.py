"""Forked processes that work for this one: where they are possible, and how the two speak.

What they say comes by pickle, over a pipe that only this program and its own children hold: nothing
that was written to disk, or that came from elsewhere, is unpickled.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from plait.errors import PlaitError

CUT = (EOFError, BrokenPipeError, ConnectionResetError)
"""What a pipe raises whose other end is gone."""

_SET_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of Linux' ``prctl``."""


def can_fork() -> bool:
    """Tell whether this process may fork helpers: on Linux, and where it is not one itself."""
    able = sys.platform.startswith("linux") and hasattr(os, "fork")
    return able and not multiprocessing.current_process().daemon


class Child:
    """A forked process, which knows what this one knew then, and the pipe to it.

    It leaves Ctrl-C to this process, and ends with it.

    Args:
        work: What it does, told its end of the pipe; it may end when that is cut (`CUT`).
        lost: Makes the error to raise where it ended without a word.
    """

    def __init__(self, work: Callable[[Connection], None], lost: Callable[[], PlaitError]) -> None:
        forking = multiprocessing.get_context("fork")
        self.pipe, theirs = forking.Pipe()
        self._lost = lost
        given = work, theirs, os.getpid()
        self._process = forking.Process(target=_work, args=given, daemon=True)
        try:
            self._process.start()
        except BaseException:
            self.end()
            raise
        finally:
            theirs.close()

    def tell(self, what: Any) -> None:
        """Tell it something. Raises the error of a lost process."""
        try:
            self.pipe.send(what)
        except CUT:
            raise self._lost() from None

    def hear(self) -> Any:
        """Wait for what it says next. Raises the error of a lost process."""
        try:
            return self.pipe.recv()
        except CUT:
            raise self._lost() from None

    def end(self) -> None:
        """End it, whatever it is doing."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self.pipe.close()


def tell_found(pipe: Connection, work: Callable[[], Any]) -> bool:
    """Do a work in a forked process, and say ``("done", found)``, or ``("error", raised)``.

    Returns:
        Whether it was done.
    """
    told: tuple[str, Any]
    try:
        told = "done", work()
    except Exception as error:  # raised where it is waited for
        told = "error", error
    try:
        pipe.send(told)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        pipe.send(("error", RuntimeError(f"{told[1]!r} cannot be told: {error}")))
        return False
    return told[0] == "done"


def _work(work: Callable[[Connection], None], pipe: Connection, parent: int) -> None:
    _end_with(parent)
    with suppress(*CUT):
        work(pipe)


def _end_with(parent: int) -> None:
    """Leave Ctrl-C to the process that forked this one, and be killed by the system with it.

    Else this one would work on for nobody, and hold the locks that it was forked with.
    """
    import ctypes

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)
