"""What a run costs: seconds, processor time, peak memory, and joules: measured, or estimated."""

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from plait.footprint import footprint
from plait.power import tracked_joules

COUNTERS = Path("/sys/class/powercap")

WATTS_PER_CORE = 10.0
"""What a busy core draws where no counter tells: of laptops and servers, between 5 and 15."""

MOST_WATTS = 500.0
"""Of all packages: a counter that could have begun anew twice since it was read tells nothing."""

MEASURED = "measured (RAPL): counters of all processor packages, of all that ran meanwhile"
ESTIMATED = f"estimated: {WATTS_PER_CORE:g} W for each second of a core; no counter is shown here"
TRACKED = "estimated (codecarbon): the processor by its model and load, memory, GPUs by counters"
TRACKED_MEASURED = "measured (RAPL), by codecarbon: the processor; memory estimated, GPUs measured"


LEAST_TRACKED = 60.0
"""Seconds of a run from which on codecarbon counts, which takes three to begin (docs/log.md,
2026-12-01)."""


def worth_tracking(seconds: float | None) -> bool:
    """Tell whether codecarbon should count a run of so many seconds; None for unknown ones."""
    return seconds is None or seconds >= LEAST_TRACKED


class Meter:
    """Measures from its making on, the seconds from `began` on where that is given.

    Args:
        began: Of `time.monotonic`.
        tracked: Whether codecarbon tells energy, where it is installed; see `worth_tracking`.
    """

    def __init__(self, began: float | None = None, *, tracked: bool = False) -> None:
        self._start = time.monotonic() if began is None else began
        self._cpu = cpu_seconds()
        self._counted_from = time.monotonic()
        self._counters = read_counters()
        self._tracked = tracked_joules() if tracked else None

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._start

    def as_dict(self) -> dict[str, Any]:
        """Return seconds, CPU seconds, peak memory in MB, and energy with how it is known.

        Energy is ``joules``, ``wh``, ``gco2e`` and ``method``; see `plait.footprint.footprint`.
        """
        joules, method = self.energy()
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(cpu_seconds() - self._cpu, 2),
            "cores": os.cpu_count(),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            **footprint(joules, method),
        }

    def energy(self) -> tuple[float, str]:
        """Return joules since it was made, and how they are known: measured, or estimated."""
        tracked = None if self._tracked is None else tracked_joules()
        if tracked is not None and self._tracked is not None:
            how = TRACKED if read_counters() is None else TRACKED_MEASURED
            return tracked - self._tracked, how
        joules = self._read()
        if joules is not None:
            return joules, MEASURED
        return WATTS_PER_CORE * (cpu_seconds() - self._cpu), ESTIMATED

    def _read(self) -> float | None:
        """Return what the counters counted, in joules; None where that cannot be told."""
        now, before = read_counters(), self._counters
        if now is None or before is None or now.keys() != before.keys():
            return None
        seconds = time.monotonic() - self._counted_from
        total = 0.0
        for name, (joules, span) in now.items():
            spent = joules - before[name][0]
            if (spent < 0 and not span) or (span and seconds * MOST_WATTS > span):
                return None
            total += spent + span if spent < 0 else spent
        return total


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


def read_counters() -> dict[str, tuple[float, float]] | None:
    """Return package -> joules that its counter shows, and those at which it begins anew (0 where
    it does not tell); None where there are no counters, or they may not be read.
    """
    folders = sorted(COUNTERS.glob("intel-rapl:?"))
    try:
        found = {one.name: int((one / "energy_uj").read_text()) / 1e6 for one in folders}
    except (OSError, ValueError):
        return None
    return {name: (joules, _span(COUNTERS / name)) for name, joules in found.items()} or None


def _span(folder: Path) -> float:
    try:
        return int((folder / "max_energy_range_uj").read_text()) / 1e6
    except (OSError, ValueError):
        return 0.0
