"""What a peer reached."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class PeerResult:
    """A peer's score.

    Attributes:
        name: Of the peer, as shown in tables.
        score: Its metric on the official test rows.
        seconds: Of fitting and predicting.
    """

    name: str
    score: float
    seconds: float


def timed(name: str, score: Callable[[], float]) -> PeerResult:
    """Run a peer and time it."""
    start = time.monotonic()
    found = float(score())
    return PeerResult(name, found, time.monotonic() - start)


def num_threads() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
