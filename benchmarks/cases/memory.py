"""Peak memory of a fit on 1,000,000 rows beside one on 10,000 rows.

Each fit runs in its own process: ``python -m benchmarks.cases.memory TABLE BUDGET SEED``.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.data.generated import generated
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
NUM_ROWS = (10_000, 1_000_000)
QUICK_NUM_ROWS = (2_000, 20_000)
COLUMNS = {
    "price": "number", "weight": "number", "distance": "number", "city": "category",
    "note": "text", "late": "category",
}  # fmt: skip


def run(settings: Settings) -> list[Row]:
    """Fit both tables with the same budget and compare their peaks."""
    if not settings.with_plait:
        return []
    few, many = QUICK_NUM_ROWS if settings.quick else NUM_ROWS
    small = fit_apart(generated(few), settings)
    large = fit_apart(generated(many), settings)
    row = Row(
        benchmark="memory",
        case=f"{many:,} rows of numbers, words and a category",
        metric="peak RSS, MB",
        value=large["peak_mb"],
        peer=f"{few:,} rows",
        peer_value=small["peak_mb"],
        target="<= 1.2 x peer",
        seconds=large["seconds"],
        seed=settings.seed,
        note=f"{large['start_mb']:.0f} MB after the imports; pages of memory maps count",
    )
    return [row]


def fit_apart(table: Path, settings: Settings) -> dict[str, float]:
    """Fit a table in a process of its own and return what it measured of itself."""
    arguments = [str(table), settings.budget_or(BUDGET), str(settings.seed)]
    command = [sys.executable, "-m", "benchmarks.cases.memory", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def peak_mb() -> float:
    """Return this process's largest resident size so far, in MB.

    Linux keeps ``ru_maxrss`` across exec, so that a child begins with its parent's; ``VmHWM``
    counts this program alone and is taken where it is there.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        if found:
            return int(found[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def _fit_here(table: str, budget: str, seed: str) -> dict[str, Any]:
    import torch  # noqa: F401

    import plait

    start_mb, start = peak_mb(), time.monotonic()
    rows = plait.read(table, columns=COLUMNS)
    plait.fit(rows, target="late", budget=budget, seed=int(seed), samples=False, encoders="none")
    return {"start_mb": start_mb, "peak_mb": peak_mb(), "seconds": time.monotonic() - start}


if __name__ == "__main__":
    print(json.dumps(_fit_here(*sys.argv[1:4])))
