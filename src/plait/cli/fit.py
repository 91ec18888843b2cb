"""plait fit: learn a column from the others, within a budget."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

import plait
from plait.cli.evaluate import show_retrieval
from plait.cli.options import Json, Quiet, Seed, TableOf, one_of, pairs_of, reads_table
from plait.cli.show import emit, print_facts, print_lines, print_table, with_intervals
from plait.errors import UsageError

MAX_START_SECONDS = 20.0
"""A process whose imports took longer than this has done other work before."""

EXAMPLE = """Examples:

plait fit shop.csv --target category --budget 5m --out shop.plait

plait fit shop.csv --out base.plait

plait fit labelled.csv --target category --base base.plait

plait fit small.csv --target label --encoder text=./all-MiniLM-L6-v2

plait fit small.csv --target label --encoder text=./all-MiniLM-L6-v2 --tune lora"""


@reads_table
def fit(
    table: TableOf,
    target: Annotated[
        str | None, typer.Option(help="Column to predict; without it, what the columns share.")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="How much work: 5m, 30s, 1h, '2000 steps' or '10 epochs'.")
    ] = "5m",
    out: Annotated[
        Path | None, typer.Option(help="Bundle to write [default: the table's name with .plait]")
    ] = None,
    size: Annotated[
        str,
        typer.Option(
            callback=one_of("auto", "tiny", "small", "base"), help="auto, tiny, small or base."
        ),
    ] = "auto",
    fusion: Annotated[
        str,
        typer.Option(help="Where columns meet: early, mid, late, a layer's number, or auto."),
    ] = "auto",
    group: Annotated[
        str | None, typer.Option(help="Rows with one value here stay in one split (patient).")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Split by this column: the latest rows are the test.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Column that says train, validation or test.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint of this bundle.")
    ] = False,
    baselines: Annotated[
        bool, typer.Option(help="Measure simple models too, and ship the best.")
    ] = True,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            help="Pretrained encoder of a modality or column: text=./all-MiniLM-L6-v2; "
            "may be repeated."
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(help="Bundle with a shared space to start from: fewer labels are needed."),
    ] = None,
    adapt: Annotated[
        str,
        typer.Option(
            callback=one_of("auto", "scratch", "lora", "full"),
            help="How the network learns from --base: auto measures scratch, lora and full.",
        ),
    ] = "auto",
    tune: Annotated[
        str,
        typer.Option(
            callback=one_of("auto", "frozen", "lora", "full"),
            help="Whether encoders learn the target: auto measures it in budgets of 10m and more.",
        ),
    ] = "auto",
    samples: Annotated[
        bool, typer.Option(help="Keep some rows in the bundle, to show them in the report.")
    ] = True,
    *,
    reading: dict[str, Any],
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn a column from the others, or without a target what all share; write a bundle."""
    from plait.progress import open_progress
    from plait.recipes.fit import fit as run_fit

    with open_progress(quiet=quiet) as progress:
        model = run_fit(
            table,
            target=target,
            budget=budget,
            size=size,
            fusion=_join(fusion),
            group=group,
            time=time,
            split=split,
            seed=seed,
            device=device,
            out=out or default_bundle(table),
            resume=resume,
            baselines=baselines,
            encoders=pairs_of(encoder),
            base=base,
            adapt=adapt,
            tune=tune,
            samples=samples,
            progress=progress,
            began=process_began(),
            **reading,
        )
    emit(model.summary(), as_json=json, show=show)


def show(summary: dict[str, Any]) -> None:
    """Print what was shipped, its scores beside the baselines, and the next command."""
    if summary.get("task") == "share":
        show_retrieval(summary)
        _show_facts(summary)
        return
    rows = [_row(str(summary.get("shipped")), summary)]
    rows += [_row(entry["name"], entry) for entry in summary.get("baselines") or []]
    print_table("Shipped, and the baselines [95 % interval]", rows)
    _show_facts(summary)


def _show_facts(summary: dict[str, Any]) -> None:
    names = ("bundle", "task", "shipped", "num_parameters", "seconds", "peak_memory_mb")
    print_facts({name: summary.get(name) for name in names})
    print_lines("warning", [one["text"] for one in summary.get("warnings") or []])
    print_lines("note", summary.get("notes") or [])
    print(f"\nnext: plait report {summary.get('bundle')}")


def _row(name: str, part: dict[str, Any]) -> dict[str, Any]:
    cut = "" if part.get("complete", True) else " (cut off by the time)"
    return {"model": name + cut, **with_intervals(part.get("metrics", {}), part.get("intervals"))}


def process_began() -> float | None:
    """Return when the process began, of `time.monotonic`; None where it did other work before."""
    began = plait._IMPORTED
    return began if time.monotonic() - began < MAX_START_SECONDS else None


def default_bundle(table: str) -> Path:
    """Return ``shop.plait`` in the current folder for ``data/shop.csv`` or ``data/shop.csv.gz``."""
    name = "table" if table == "-" else Path(table.partition("#")[0]).resolve().name
    stem = Path(name).stem
    packed = Path(name).suffix.lower() in (".gz", ".zst", ".bz2", ".xz", ".lz4")
    return Path((Path(stem).stem if packed else stem) + ".plait")


def _join(fusion: str) -> str | int:
    if fusion.isdecimal():
        return int(fusion)
    if fusion not in ("auto", "early", "mid", "late"):
        raise UsageError(
            "the fusion is unknown",
            expected="auto, early, mid, late or the number of a layer",
            received=fusion,
        )
    return fusion
