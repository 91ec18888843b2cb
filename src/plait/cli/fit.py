"""plait fit: learn a column from the others, within a budget."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

import plait
from plait.cli.evaluate import show_decision, show_retrieval
from plait.cli.failures import Stopped
from plait.cli.fit_groups import Choice, Deciding, Network, Rows, SettingsFile, Start
from plait.cli.groups import Reading, grouped
from plait.cli.options import Json, Quiet, Seed, TableIfAny
from plait.cli.show import emit, print_facts, print_lines, print_table, with_intervals
from plait.errors import UsageError

MAX_START_SECONDS = 20.0
"""A process whose imports took longer than this has done other work before."""

EXAMPLE = """Examples:

plait fit shop.csv --target category --budget 5m --out shop.plait

plait fit shop.csv --out base.plait

plait fit photos.csv --target caption --budget 10m

plait fit photos.csv --target caption --decoder ./smollm2

plait fit vqa.csv --target answer,colour     (several targets: one network, a head for each)

plait fit load.csv --target load --horizon 96 --time date --group store

plait fit episodes.csv --target action --group episode --time step --reward reward

plait fit ratings.csv --target film --group user --time when --items films.csv

plait fit adult.csv --whole-rows --out people.plait     (plait generate makes rows)

plait fit labelled.csv --target category --base base.plait

plait fit small.csv --target label --encoder text=./all-MiniLM-L6-v2

plait fit small.csv --target label --encoder auto --encoder image=none

plait fit shop.csv --target category --save-config run.yaml, then plait fit --config run.yaml

plait fit small.csv --target label --encoder text=./all-MiniLM-L6-v2 --tune lora"""


@grouped
def fit(
    context: typer.Context,
    table: TableIfAny = None,
    target: Annotated[
        str | None, typer.Option(help="Column to predict, or several: a,b; else what all share.")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="How much work: 5m, 30s, 1h, '2000 steps' or '10 epochs'.")
    ] = "5m",
    out: Annotated[
        Path | None, typer.Option(help="Bundle to write [default: the table's name with .plait]")
    ] = None,
    *,
    network: Network,
    rows: Rows,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint of this bundle.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a bundle of another target at --out.")
    ] = False,
    choice: Choice,
    decision: Deciding,
    start: Start,
    samples: Annotated[
        bool, typer.Option(help="Keep some rows in the bundle, to show them in the report.")
    ] = True,
    file: SettingsFile,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn a column from the others, or without a target what all share; write a bundle."""
    from plait.progress import open_progress
    from plait.recipes.fit import fit as run_fit
    from plait.recipes.fit import read_config, write_config
    from plait.recipes.unfinished import has_checkpoint
    from plait.report.model_verdict import summary_of

    settings: dict[str, Any] = {"table": table, "target": target, "budget": budget, "out": out}
    settings |= {**network, **rows, **choice, **decision, **start, **reading}
    settings |= {"device": device, "samples": samples, "seed": seed}
    if file["config"] is not None:
        settings |= _unless_given(read_config(file["config"]), context)
    settings["out"] = settings["out"] or default_bundle(_table_of(settings))
    if file["save_config"] is not None:
        write_config(file["save_config"], settings)
    with open_progress(quiet=quiet) as progress:
        table, began = settings.pop("table"), process_began()
        try:
            model = run_fit(
                table, **settings, resume=resume, force=force, progress=progress, began=began
            )
        except KeyboardInterrupt:
            if has_checkpoint(settings["out"]):
                raise Stopped from None
            raise
    emit(summary_of(model), as_json=json, show=show)


def show(summary: dict[str, Any]) -> None:
    """Print what was shipped, its scores beside the baselines, and the next command."""
    if "targets" in summary:
        _show_targets(summary)
        return
    if summary.get("made") is not None:
        _show_whole_rows(summary)
        return
    if summary.get("task") == "embed":
        show_retrieval(summary)
        _show_facts(summary)
        return
    from plait.display import model_name

    unit = summary.get("unit", "")
    rows = [_row(model_name(summary.get("shipped")), summary, unit)]
    others = [*filter(None, [summary.get("network")]), *(summary.get("baselines") or [])]
    rows += [_row(model_name(entry["name"]), entry, unit) for entry in others]
    if summary.get("weighted"):
        heavy = with_intervals(summary["weighted"], None, unit)
        rows.insert(1, {"model": "shipped, rows by weight", **heavy})
    print_table("Shipped, and the baselines [95 % interval]", rows)
    show_decision(summary.get("decision"))
    _show_facts(summary)


def _show_whole_rows(summary: dict[str, Any]) -> None:
    """Print what made rows are worth beside real ones."""
    from plait.display import model_name, number_text

    made = summary["made"]
    print_table(
        "Learned by [log-likelihood of a held-out row, nats]",
        [
            {"model": model_name(one["name"]), "log_likelihood": number_text(value)}
            for one in summary["candidates"]
            for value in one["metrics"].values()
        ],
    )
    rows = [
        {"column": one["column"], "metric": one["metric"]}
        | {name: number_text(one[name]) for name in ("real", "made", "independent")}
        for one in made.get("learned_from") or []
    ]
    print_table("Predicted in held-out rows, learned from rows that are", rows)
    _show_facts(summary)


def _show_targets(summary: dict[str, Any]) -> None:
    """Print the same of each target, and once what is of all."""
    for name, one in summary["targets"].items():
        print(f"target: {name}\n")
        show({**one, "bundle": None, "seconds": None, "peak_memory_mb": None})
        print()
    print_facts({name: summary.get(name) for name in ("bundle", "seconds", "peak_memory_mb")})
    print(f"\nnext: plait report {summary.get('bundle')}")


def _show_facts(summary: dict[str, Any]) -> None:
    from plait.display import model_name

    names = ("bundle", "task", "shipped", "num_parameters", "seconds", "peak_memory_mb")
    shipped = summary.get("shipped")
    in_words = {"shipped": None if shipped is None else model_name(shipped)}
    print_facts({name: summary.get(name) for name in names} | in_words)
    print_lines("verdict", [summary["verdict"]] if summary.get("verdict") else [])
    print_lines("warning", [one["text"] for one in summary.get("warnings") or []])
    print_lines("note", summary.get("notes") or [])
    if summary.get("bundle") is not None:
        print(f"\nnext: plait report {summary['bundle']}")


def _row(name: str, part: dict[str, Any], unit: str) -> dict[str, Any]:
    cut = "" if part.get("complete", True) else " (cut off by the time)"
    scores = with_intervals(part.get("metrics", {}), part.get("intervals"), unit)
    return {"model": name + cut, **scores}


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


def _unless_given(settings: dict[str, Any], context: typer.Context) -> dict[str, Any]:
    """Return those settings of a file that no option of the command says otherwise."""
    options = {"encoders": "encoder", "costs": "cost"}
    return {
        name: value
        for name, value in settings.items()
        if getattr(context.get_parameter_source(options.get(name, name)), "name", "DEFAULT")
        in ("DEFAULT", "DEFAULT_MAP")
    }


def _table_of(settings: dict[str, Any]) -> str:
    if settings["table"] is None:
        raise UsageError(
            "there is no table to learn from",
            expected="a table, or a --config that names one",
            hint="plait fit shop.csv --target category",
        )
    return str(settings["table"])
