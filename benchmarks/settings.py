"""What a benchmark is told: budget, seed, and where data and peers are found."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

QUICK_BUDGET = "10s"
QUICK_ROWS = 600


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one run of one benchmark.

    Attributes:
        budget: Of every fit; None takes the benchmark's own.
        seed: Of splits, weights and peers.
        quick: Whether to use few rows and short budgets: to see that it works, not how well.
        with_plait: Whether plait runs, or its peers alone.
        data: Folder with the data sets that no package carries; see README.md.
        peer_python: Interpreter that has aeon, faster-whisper or statsforecast.
    """

    budget: str | None = None
    seed: int = 0
    quick: bool = False
    with_plait: bool = True
    data: Path | None = None
    peer_python: Path = Path(sys.executable)

    def budget_or(self, usual: str) -> str:
        """Return the budget of a fit, where the benchmark usually takes `usual`."""
        if self.budget is not None:
            return self.budget
        return QUICK_BUDGET if self.quick else usual


def cache_folder() -> Path:
    """Return where packages and tables are kept: ``$PLAIT_BENCH_CACHE``, or ``cache`` here."""
    return Path(os.environ.get("PLAIT_BENCH_CACHE") or Path(__file__).parent / "cache")
