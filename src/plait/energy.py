"""What a run costs: seconds, processor time, peak memory, and joules where they can be read."""

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

COUNTERS = Path("/sys/class/powercap")

WATTS_PER_CORE = 10.0
"""What a busy core draws where no counter tells: of laptops and servers, between 5 and 15."""

MEASURED, UNMEASURED = (
    "RAPL counters of all packages",
    "not measured: this machine shows no energy counter",
)
ESTIMATED = f"estimated: {WATTS_PER_CORE:g} W for each second of a core; no counter is shown here"


class Meter:
    """Measures from its making on, the seconds from `began` on where that is given."""

    def __init__(self, began: float | None = None) -> None:
        self._start = time.monotonic() if began is None else began
        self._cpu = cpu_seconds()
        self._joules = read_joules()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._start

    def as_dict(self) -> dict[str, Any]:
        """Return seconds, CPU seconds, peak memory in MB, and energy with how it was measured."""
        joules = self._read()
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(cpu_seconds() - self._cpu, 2),
            "cores": os.cpu_count(),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "joules": None if joules is None else round(joules, 1),
            "method": UNMEASURED if joules is None else MEASURED,
        }

    def energy(self) -> tuple[float, str]:
        """Return joules since it was made, and how they are known: measured, or estimated."""
        joules = self._read()
        if joules is not None:
            return joules, MEASURED
        return WATTS_PER_CORE * (cpu_seconds() - self._cpu), ESTIMATED

    def _read(self) -> float | None:
        joules = read_joules()
        return None if joules is None or self._joules is None else joules - self._joules


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far, in MB.

    Where the system tells it of this program alone: `getrusage` also counts what the process held
    before it began this program, which is what its parent held.
    """
    with suppress(OSError):  # only Linux has the file
        for line in Path("/proc/self/status").read_text("utf8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def cpu_seconds() -> float:
    """Return the processor time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def read_joules() -> float | None:
    """Return what the counters of all packages show, in joules; None where there are none."""
    files = sorted(COUNTERS.glob("intel-rapl:?/energy_uj"))
    try:
        return sum(int(file.read_text()) for file in files) / 1e6 if files else None
    except OSError:
        return None
