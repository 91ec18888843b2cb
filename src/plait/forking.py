"""Forked processes: where they are possible, and how they end with the one that waits for them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of Linux' ``prctl``."""


def can_fork() -> bool:
    """Tell whether this process may fork helpers: on Linux, and where it is not one itself."""
    able = sys.platform.startswith("linux") and hasattr(os, "fork")
    return able and not multiprocessing.current_process().daemon


def end_with(parent: int) -> None:
    """Leave Ctrl-C to the process that forked this one, and be killed by the system with it.

    Else this one would work on for nobody, and hold the locks that it was forked with.
    """
    import ctypes

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)
