"""Bench: a bundle and a table in, how fast and how large its answers are on this machine out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Unpack

from plait.bundle import size_mb
from plait.data.table import Table, read
from plait.edge.bench import (
    BATCH_SIZES,
    COLD_RUNS,
    EXECUTORCH,
    NUMPY,
    ONNX,
    OPENVINO,
    Load,
    engine_of,
    measure,
)
from plait.edge.needs import check_answers
from plait.edge.timing import TORCH
from plait.errors import (
    BundleError,
    ExtraError,
    GraphError,
    ParityError,
    TargetError,
    UsageError,
    as_path,
)
from plait.fitting.setup.work import require_torch
from plait.listening import heard, listened
from plait.model.columns import missing_columns, notes_on
from plait.model.loading import load as load_model
from plait.model.model import Model
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.threads import num_threads
from plait.writing import spare_folder

SECONDS = 1.0

ENGINES = (NUMPY, ONNX, OPENVINO, EXECUTORCH, TORCH)
"""What may run a bundle: as it is, or as it is exported to be measured."""


@listened
def bench(
    bundle: Path | str,
    table: Any,
    *,
    threads: Sequence[int] = (),
    engines: Sequence[str] = (),
    seconds: float = SECONDS,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    cold_runs: int = COLD_RUNS,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Measure a bundle's answers: latency, throughput, cold start, memory, size and energy.

    Every number is from a process that does nothing else: raw cells go in, answers come out. A
    bundle with a network of torch is measured twice where ``plait[export]`` is installed: as it is,
    and as one graph of its whole mix. Other engines are measured where they are named: the bundle
    is exported for them, compared as `plait.export` does, and not kept.

    Args:
        bundle: A bundle's folder, with a target.
        table: Rows with any subset of the model's input columns; the first few hundred are asked.
        threads: Of the processor, each measured; default one, and all there are.
        engines: Of ``numpy``, ``onnxruntime``, ``openvino``, ``executorch`` and ``torch`` those to
            be measured; default what runs the bundle, and for a network of torch ``onnxruntime``.
            ``executorch`` takes as many threads as it likes.
        seconds: Spent on single rows, and on each size of batch.
        batch_sizes: Rows of a batch.
        cold_runs: Processes whose first answer is waited for; the median counts.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Returns:
        ``bundle``, ``rows`` (how many different ones were asked), ``runs`` (for each engine and
        number of threads what `plait.edge.bench.measure` returns, and ``bundle_mb``, in 10^6
        bytes), ``quickest`` (the engine whose single rows take the least, None where there is but
        one), ``missing_columns`` and ``notes``.

    Raises:
        ExtraError: The bundle holds a network of torch, and that is not installed.
        TargetError: The bundle has no target.
        UsageError: A number is out of range, or the model answers rows in time together.
    """
    wanted = tuple(dict.fromkeys(threads or (1, num_threads())))
    _check(wanted, seconds, batch_sizes, cold_runs)
    path = as_path(bundle, "a bundle")
    model, rows = load_model(path), read(table, **reading)
    engine = engine_of(model)
    if not set(engines) <= set(ENGINES):
        raise UsageError("unknown engine", expected=", ".join(ENGINES), received=", ".join(engines))
    if engine == TORCH and engine in (engines or (engine,)) and find_spec("torch") is None:
        raise ExtraError("train", "a network of torch, which the bundle holds,")
    if model.in_time is not None and model.in_time.reads(rows):
        raise UsageError(
            "the model answers rows in time together, so none is measured apart",
            expected="a model whose rows are answered one by one",
        )
    load = Load(
        rows=_asked(model, rows, max(batch_sizes)),
        root=rows.root.resolve(),
        on_error=rows.policy.on_error,
        seconds=seconds,
        batch_sizes=tuple(sorted(set(batch_sizes))),
        cold_runs=cold_runs,
    )
    runs = list[dict[str, Any]]()
    with spare_folder() as folder:
        bundles, notes = _bundles(model, path, folder, engine, engines, rows)
        update = heard(progress).task("measuring", len(wanted) * len(bundles))
        for kind, place in bundles.items():
            for number in wanted:
                run = measure(place, kind, load, threads=number)
                runs.append({"bundle_mb": size_mb(place), **run})
                update(len(runs))
    missing = missing_columns(model.inputs, rows.column_names)
    return {
        "bundle": str(path),
        "rows": len(load.rows),
        "runs": runs,
        "quickest": _quickest(runs) if len(bundles) > 1 else None,
        "missing_columns": missing,
        "notes": [*rows.notes, *notes_on(missing), *_too_few(load), *notes],
    }


def _bundles(
    model: Model, path: Path, folder: Path, engine: str, engines: Sequence[str], table: Table
) -> tuple[dict[str, Path], list[str]]:
    """Return engine -> bundle that it runs, and what is to be said of those that are not there.

    Raises `UsageError` where there is none.
    """
    bundles = {engine: path} if engine in (engines or (engine,)) else {}
    notes = list[str]()
    for kind in engines or ((ONNX,) if engine == TORCH else ()):
        if kind != engine:
            graphs, more = _as_graphs(model, folder / kind / path.name, kind, table)
            bundles |= {} if graphs is None else {kind: graphs}
            notes += more
    if not bundles:
        raise UsageError(
            "none of the engines that were named runs this bundle",
            expected=f"{engine}, which does",
            received="; ".join(notes),
        )
    return bundles, notes


def _as_graphs(
    model: Model, place: Path, engine: str, table: Table | None = None
) -> tuple[Path | None, list[str]]:
    """Write a bundle that another engine runs; None, and why, where that cannot be done."""
    try:
        made, notes = _exported(model, engine, table)
        if engine != EXECUTORCH:
            check_answers(made)
        place.parent.mkdir(exist_ok=True)
        return made.save(place), notes
    except FAILURES as error:
        return None, [f"not measured by {engine}: {error.what}"]


def _exported(model: Model, engine: str, table: Table | None) -> tuple[Model, list[str]]:
    """Return a model for an engine, and what is to be said of it.

    A program of ExecuTorch has room for rows as long as those of the table.
    """
    if engine not in (ONNX, OPENVINO, EXECUTORCH):
        raise UsageError(f"no bundle is exported for {engine}")
    if engine == EXECUTORCH:
        require_torch()
        from plait.compress.executorch_program import system_program
        from plait.compress.exported import export

        rows = None if table is None else model.as_table(table)
        return export(model, rows, write=system_program).model, []
    from plait.compress.exported_mix import export_mix

    if engine == OPENVINO:
        from plait.compress.openvino_graph import to_openvino

        return export_mix(model, convert=to_openvino).model, []
    try:
        return export_mix(model).model, []
    except (GraphError, ParityError) as error:
        from plait.compress.exported import export

        return export(model).model, [f"networks alone are graphs: {error.what}"]


FAILURES = (BundleError, ExtraError, GraphError, ParityError, TargetError, UsageError)


def _quickest(runs: Sequence[dict[str, Any]]) -> str:
    """Return the engine whose single rows take the least time."""
    return str(min(runs, key=lambda run: float(run["p50_ms"]))["engine"])


def _asked(model: Model, table: Table, most: int) -> list[dict[str, Any]]:
    """Return the first rows of a table: the cells of the model's columns.

    Raises `ColumnError` where the table has none of them.
    """
    some = model.as_table(table.take(range(min(most, table.num_rows))))
    names = [name for name in model.inputs if name in some.column_names]
    cells = zip(*(some.column(name) for name in names), strict=True)
    return [dict(zip(names, row, strict=True)) for row in cells]


def _too_few(load: Load) -> list[str]:
    left = [str(size) for size in load.batch_sizes if size > len(load.rows)]
    if not left:
        return []
    return [f"the table has {len(load.rows)} rows: batches of {', '.join(left)} are not measured"]


def _check(
    threads: Sequence[int], seconds: float, batch_sizes: Sequence[int], cold_runs: int
) -> None:
    sizes = list(batch_sizes)
    if min([*threads, *sizes, cold_runs], default=0) < 1 or not sizes or not seconds > 0:
        raise UsageError(
            "nothing can be measured so",
            expected="threads, sizes of batches, runs and seconds above 0",
            received=f"threads={list(threads)}, batch_sizes={sizes}, cold_runs={cold_runs}, "
            f"seconds={seconds}",
        )
