"""A process that times a bundle's answers: from its start, row by row, in batches; and its memory.

Run as ``python -m plait.edge.timing START ENGINE BUNDLE OPTIONS``. The first line of standard input
has the row of the first answer, the second, where there is one, the rows to be timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

TORCH, EXECUTORCH = "torch", "executorch"
"""The engines of bundles that hold weights of torch, or programs of ExecuTorch, whose Python needs
torch; all others answer on the edge."""

WARM_UP_ROWS, LEAST_RUNS, MOST_RUNS = 3, 20, 10_000
LEAST_BATCHES = 3

Rows = list[dict[str, Any]]
Answering = Callable[[Rows], Any]


def main(arguments: Sequence[str]) -> int:
    """Write what was timed as JSON on standard output; return 0, or 1 where a row has no answer."""
    from plait.edge.sent_rows import from_line
    from plait.energy import peak_memory_mb
    from plait.errors import PlaitError

    began, engine, path, told = arguments
    options = json.loads(told)
    first = from_line(sys.stdin.buffer.readline())
    try:
        answer = _opened(engine, path, options)
        answer(first)
        found: dict[str, Any] = {"cold_seconds": time.monotonic() - float(began)}
        found["first_memory_mb"] = peak_memory_mb()
        line = sys.stdin.buffer.readline()
        if line:
            found |= timed(answer, from_line(line), options["seconds"], options["batch_sizes"])
            found["peak_memory_mb"] = peak_memory_mb()
    except PlaitError as error:
        sys.stdout.write(json.dumps(error.as_dict()))
        return 1
    sys.stdout.write(json.dumps(found))
    return 0


def timed(
    answer: Answering, rows: Rows, seconds: float, batch_sizes: Sequence[int]
) -> dict[str, Any]:
    """Return the times of single rows and of batches.

    Args:
        answer: Answers some rows.
        rows: Are taken in turn.
        seconds: Spent on single rows, and on each size of batch.
        batch_sizes: No batch is larger than there are rows.

    Returns:
        ``p50_ms``, ``p95_ms`` and ``p99_ms`` of one row by the clock, ``cpu_ms`` (the median of its
        processor time, which other work on the machine hardly changes), ``runs``, ``batches``
        (``rows``, ``ms_per_row``, ``rows_per_second``; the median), and
        ``joules_per_row``, of the largest batches, and ``energy``: how these are known.
    """
    import numpy as np

    from plait.energy import Meter

    for row in rows[:WARM_UP_ROWS]:
        answer([row])
    meter = Meter()
    single, worked = _times(answer, [[row] for row in rows], seconds, LEAST_RUNS)
    percentiles = np.percentile(single, [50, 95, 99]) * 1e3
    joules, energy = meter.energy()
    batches, joules = [], joules / len(single)
    for size in [size for size in batch_sizes if size <= len(rows)]:
        meter = Meter()
        parts = [rows[i : i + size] for i in range(0, len(rows) - size + 1, size)]
        spent, _ = _times(answer, parts, seconds, LEAST_BATCHES)
        joules, energy = meter.energy()
        joules /= len(spent) * size
        middle = float(np.median(spent))
        batches.append(
            {"rows": size, "ms_per_row": middle / size * 1e3, "rows_per_second": size / middle}
        )
    names = ("p50_ms", "p95_ms", "p99_ms")
    return {
        **dict(zip(names, percentiles.tolist(), strict=True)),
        "cpu_ms": float(np.median(worked)) * 1e3,
        "runs": len(single),
        "batches": batches,
        "joules_per_row": joules,
        "energy": energy,
    }


def _times(
    answer: Answering, parts: Sequence[Rows], seconds: float, least: int
) -> tuple[list[float], list[float]]:
    """Return the seconds, and the processor seconds, of the answer to each part, in turn."""
    spent, worked = list[float](), list[float]()
    end = time.perf_counter() + seconds
    while len(spent) < least or (time.perf_counter() < end and len(spent) < MOST_RUNS):
        began, worked_before = time.perf_counter(), time.process_time()
        answer(parts[len(spent) % len(parts)])
        spent.append(time.perf_counter() - began)
        worked.append(time.process_time() - worked_before)
    return spent, worked


def _opened(engine: str, path: str, options: dict[str, Any]) -> Answering:
    reading = {name: options[name] for name in ("root", "on_error")}
    if engine in (TORCH, EXECUTORCH):
        from plait.model.loading import load

        model = load(path)
        return lambda rows: model.predict(rows, **reading)
    import plait.edge

    edge = plait.edge.load(path)
    return lambda rows: edge.predict(rows, **reading)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
