"""Measures how fast a bundle answers on this machine, in processes that do nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from plait import errors
from plait.edge.needs import check_answers
from plait.edge.sent_rows import to_line
from plait.edge.timing import EXECUTORCH as EXECUTORCH
from plait.edge.timing import TORCH
from plait.errors import BundleError, PlaitError
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.model.several import predicted
from plait.networks.graphs import ONNX as ONNX
from plait.networks.graphs import OPENVINO as OPENVINO
from plait.types import Cell

NUMPY = "numpy"
"""The engine of simple models alone; graphs have their runtime's."""

BATCH_SIZES = (1, 8, 64, 256)
COLD_RUNS = 3
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a bundle is asked.

    Attributes:
        rows: That are answered in turn.
        root: Folder that paths in cells are relative to.
        on_error: What an unreadable cell does; None as at the fit.
        seconds: Spent on single rows, and on each size of batch.
        batch_sizes: Rows of a batch; none larger than there are rows.
        cold_runs: Processes whose first answer is waited for.
        python: The interpreter that answers, and its options.
    """

    rows: Sequence[dict[str, Cell]]
    root: Path
    on_error: str | None = None
    seconds: float = 1.0
    batch_sizes: tuple[int, ...] = BATCH_SIZES
    cold_runs: int = COLD_RUNS
    python: tuple[str, ...] = (sys.executable,)


def engine_of(model: Model) -> str:
    """Return what runs a model's bundle: ``numpy`` alone, ``onnxruntime``, ``openvino`` or
    ``executorch`` its graphs, or ``torch``.

    Raises `TargetError` where it has no target.
    """
    parts = [one.predictor for one in predicted(model).values()]
    graphs = [graph for one in parts if isinstance(one, Ensemble) for graph in one.graphs]
    if any(graph.runtime == EXECUTORCH for graph in graphs):
        return EXECUTORCH
    try:
        check_answers(model)
    except BundleError:
        return TORCH
    return graphs[0].runtime if graphs else NUMPY


def measure(path: Path, engine: str, load: Load, *, threads: int) -> dict[str, Any]:
    """Return what a bundle's answers take, measured in processes of their own.

    Args:
        path: The bundle.
        engine: As `engine_of` tells it.
        load: What it is asked.
        threads: Of the processor.

    Returns:
        ``engine``, ``threads``, ``cold_seconds`` (the median, from the start of Python to the first
        answer), ``first_memory_mb`` (the most until then), ``peak_memory_mb``, and what
        `plait.edge.timing.timed` tells.

    Raises:
        PlaitError: As it was raised by the bundle's answers.
        BundleError: When a process ended without a word.
    """
    cold = [
        _run(path, engine, load, threads, rows=())["cold_seconds"]
        for _ in range(load.cold_runs - 1)
    ]
    found = _run(path, engine, load, threads, rows=load.rows)
    cold.append(found.pop("cold_seconds"))
    return {"engine": engine, "threads": threads, "cold_seconds": median(cold), **found}


def _run(
    path: Path, engine: str, load: Load, threads: int, *, rows: Sequence[dict[str, Cell]]
) -> dict[str, Any]:
    """Start a process that answers, and return what it tells."""
    options = {
        "root": str(load.root),
        "on_error": load.on_error,
        "seconds": load.seconds,
        "batch_sizes": load.batch_sizes,
    }
    lines = to_line(load.rows[:1]) + (to_line(rows) if rows else b"")
    said = dict.fromkeys(THREAD_VARIABLES, str(threads))
    words = [*load.python, "-m", "plait.edge.timing", repr(time.monotonic())]
    done = subprocess.run(  # noqa: S603
        [*words, engine, str(path), json.dumps(options)],
        input=lines,
        capture_output=True,
        check=False,
        env={**os.environ, **said},
    )
    told: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    if done.returncode and "error" in told:
        raise _raised(told)
    if done.returncode:
        raise BundleError(
            "a process that was to answer from the bundle ended without a word",
            received=done.stderr.decode(errors="replace")[-200:] or f"exit {done.returncode}",
            path=path,
        )
    return told


def _raised(told: dict[str, Any]) -> PlaitError:
    """Return the error that `PlaitError.as_dict` told of in another process."""
    kind: type[PlaitError] = getattr(errors, str(told.pop("error")))
    error = kind.__new__(kind)
    PlaitError.__init__(error, **told)
    return error
