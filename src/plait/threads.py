"""How many threads NumPy's products may take: one on small tables, where threads only wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

ROWS_PER_THREAD = 2000
"""On fewer rows the threads of BLAS wait for each other more than they work."""


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
