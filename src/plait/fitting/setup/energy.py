"""What a run costs: seconds, processor time, peak memory, and joules where they can be read."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

COUNTERS = Path("/sys/class/powercap")


class Meter:
    """Measures from its making on, the seconds from `began` on where that is given."""

    def __init__(self, began: float | None = None) -> None:
        self._start = time.monotonic() if began is None else began
        self._cpu = _cpu_seconds()
        self._joules = _read_joules()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._start

    def as_dict(self) -> dict[str, Any]:
        """Return seconds, CPU seconds, peak memory in MB, and energy with how it was measured."""
        joules = _read_joules()
        measured = joules is not None and self._joules is not None
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(_cpu_seconds() - self._cpu, 2),
            "cores": os.cpu_count(),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "joules": round(joules - self._joules, 1) if measured else None,  # type: ignore[operator]
            "method": "RAPL counters of all packages"
            if measured
            else "not measured: this machine shows no energy counter",
        }


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _read_joules() -> float | None:
    files = sorted(COUNTERS.glob("intel-rapl:?/energy_uj"))
    try:
        return sum(int(file.read_text()) for file in files) / 1e6 if files else None
    except OSError:
        return None
