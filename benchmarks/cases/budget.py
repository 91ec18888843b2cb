"""How near fits come to their budgets: ten generated tables, whole processes, one busy core beside.

``$PLAIT_BENCH_BUDGETS`` (default ``20s,60s,3m``) names the budgets, ``$PLAIT_BENCH_SHAPES`` some of
the tables; ``$PLAIT_BENCH_BUSY=0`` leaves both cores free.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.data.shapes import SHAPES, Shape, written
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGETS = "20s,60s,3m"
QUICK_ROWS = 500
UNITS = {"s": 1.0, "m": 60.0}


def run(settings: Settings) -> list[Row]:
    """Fit each table with each budget in a process of its own, and compare asked with taken."""
    if not settings.with_plait:
        return []
    wanted = os.environ.get("PLAIT_BENCH_SHAPES", "").split(",")
    shapes = [shape for shape in SHAPES if wanted == [""] or shape.name in wanted]
    budgets = os.environ.get("PLAIT_BENCH_BUDGETS", BUDGETS).split(",")
    if settings.quick or settings.budget is not None:
        budgets = [settings.budget_or(BUDGETS)]
    shapes = shapes[:2] if settings.quick else shapes
    busy = not settings.quick and os.environ.get("PLAIT_BENCH_BUSY", "1") != "0"
    rows = []
    for shape in shapes:
        num_rows = min(shape.num_rows, QUICK_ROWS) if settings.quick else shape.num_rows
        table = written(shape, num_rows=num_rows, seed=settings.seed)
        for budget in budgets:
            with busy_core(busy):
                found = fit_apart(table, shape, budget, settings.seed)
            rows.append(_row(shape, num_rows, budget, found, settings.seed, busy))
            print(_told(shape, budget, found), file=sys.stderr, flush=True)
    return rows


def fit_apart(table: Path, shape: Shape, budget: str, seed: int) -> dict[str, Any]:
    """Run ``plait fit`` as a person would; return seconds, CPU seconds, and where they went."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "m.plait"
        command = [
            sys.executable, "-m", "plait", "fit", str(table), "--target", "answer",
            "--columns", shape.columns, "--budget", budget, "--seed", str(seed),
            "--root", str(table.parent), "--out", str(out), "--json", "--quiet",
        ]  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "PLAIT_CACHE": folder}
        began = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
        seconds = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        summary = json.loads(done.stdout)
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "parts": metrics["seconds"],
        "shipped": summary["shipped"],
        "cut_off": [one["name"] for one in metrics["candidates"] if not one["complete"]],
        "metrics": summary["metrics"],
    }


@contextmanager
def busy_core(wanted: bool) -> Iterator[None]:
    """Keep one core busy with a process that counts."""
    if not wanted:
        yield
        return
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def seconds_of(budget: str) -> float:
    """Return the seconds of ``20s`` or ``3m``."""
    return float(budget[:-1]) * UNITS[budget[-1]]


def _row(
    shape: Shape, num_rows: int, budget: str, found: dict[str, Any], seed: int, busy: bool
) -> Row:
    asked = seconds_of(budget)
    return Row(
        benchmark="budget",
        case=f"{shape.name}, {num_rows:,} rows, {budget}",
        metric="time taken over time asked",
        value=found["seconds"] / asked,
        target="<= 1.1",
        seconds=found["seconds"],
        seed=seed,
        note=f"shipped: {found['shipped']}{'; one busy core beside' if busy else ''}",
    )


def _told(shape: Shape, budget: str, found: dict[str, Any]) -> str:
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["parts"].items())
    ratio = found["seconds"] / seconds_of(budget)
    cut = f"; cut off: {', '.join(found['cut_off'])}" if found["cut_off"] else ""
    return (
        f"{shape.name} {budget}: {found['seconds']:.1f} s ({ratio:.2f}), CPU "
        f"{found['cpu_seconds']:.1f} s: {parts}{cut}"
    )
