"""How many cores this process may use, and NumPy's products: one on small tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

ROWS_PER_THREAD = 2000
"""On fewer rows the threads of BLAS wait for each other more than they work."""


def num_threads() -> int:
    """Return ``$OMP_NUM_THREADS`` where it is a number, else the cores this process may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def few_threads(num_rows: int) -> Iterator[None]:
    """Let BLAS take one thread per 2,000 rows, and never more than it had.

    OpenBLAS spins at the end of every product until its last thread is done. Beside other busy
    processes that takes many times as long as the product: on two cores that six processes shared,
    the features of a sensor series took 430 ms by two threads and 47 ms by one. Without
    threadpoolctl, which ``plait[table]`` brings, nothing is changed.
    """
    most = max(num_rows // ROWS_PER_THREAD, 1)
    pools = _pools()
    if pools is None or all(pool["num_threads"] <= most for pool in pools.info()):
        yield
        return
    with pools.limit(limits=most):
        yield


@cache
def _pools() -> Any:
    """Return the thread pools of BLAS that are loaded by now: NumPy's at least."""
    import numpy  # noqa: F401

    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController().select(user_api="blas")
