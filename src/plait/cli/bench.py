"""plait bench: how fast a bundle answers on this machine, and what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Json, Quiet, Seed, TableOf
from plait.cli.show import emit, print_facts, print_table, say_notes

EXAMPLE = """Examples:\n\nplait bench shop.plait new.csv\n\n
plait bench shop.plait new.csv --threads 1 --seconds 5 --json\n\n
plait bench shop.plait new.csv --engine numpy --engine onnxruntime --engine openvino"""


@grouped
def bench(
    bundle: Annotated[Path, typer.Argument(help="Bundle with a target.")],
    table: TableOf,
    threads: Annotated[
        list[int] | None,
        typer.Option(help="Threads of the processor; may be repeated [default: 1, and all]."),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            help="Of numpy, onnxruntime, openvino, executorch, torch; may be repeated [default: "
            "what runs it]."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Spent on single rows, and on each size of batch.")
    ] = 1.0,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure how fast a bundle answers here: latency, throughput, cold start, memory, energy.

    Raw cells go in and answers come out, in processes that do nothing else.
    """
    from plait.progress import open_progress
    from plait.recipes.bench import bench as run_bench

    # Measuring draws no random numbers; --seed is there because every verb has it.
    with open_progress(quiet=quiet) as progress:
        result = run_bench(
            bundle,
            table,
            threads=threads or (),
            engines=engine or (),
            seconds=seconds,
            progress=progress,
            **reading,
        )
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print a row per engine and number of threads, and one per size of batch."""
    print_facts({"bundle": result["bundle"], "rows asked": result["rows"]})
    runs = result["runs"]
    print_table("One row", [_single(run) for run in runs])
    batches = [
        {
            "engine": run["engine"],
            "threads": run["threads"],
            "rows": one["rows"],
            "ms per row": one["ms_per_row"],
            "rows per second": one["rows_per_second"],
        }
        for run in runs
        for one in run["batches"]
    ]
    print_table("Batches", batches)
    print_facts({"joules": runs[0]["energy"], "quickest": result["quickest"]})


def _single(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "engine": run["engine"],
        "threads": run["threads"],
        "p50 ms": run["p50_ms"],
        "p95 ms": run["p95_ms"],
        "p99 ms": run["p99_ms"],
        "cpu ms": run["cpu_ms"],
        "cold start s": run["cold_seconds"],
        "bundle MB": run["bundle_mb"],
        "memory MB": run["peak_memory_mb"],
        "joules a row": run["joules_per_row"],
    }
