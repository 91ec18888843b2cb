"""plait demo: train on the bundled stickers and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Force, Json, Open, Quiet, Seed
from plait.cli.show import emit, open_page, print_facts, print_table

EXAMPLE = "Example: plait demo --budget 2m --open"


def demo(
    out: Annotated[Path, typer.Option(help="Folder that receives the page and the bundle.")] = Path(
        "."
    ),
    budget: Annotated[str, typer.Option(help="How much work: 2m, 30s or '500 steps'.")] = "2m",
    force: Force = False,
    open: Open = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train on the bundled stickers; write report.html.

    Stickers are emoji with pictures, names, tags and spoken names; the target is their group.
    """
    from plait.progress import open_progress
    from plait.recipes.demo import run_demo

    with open_progress(quiet=quiet) as progress:
        result = run_demo(out=out, budget=budget, seed=seed, force=force, progress=progress)
    if open and result.get("report"):
        open_page(Path(result["report"]))
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the table of baselines, each modality alone, all together and one missing."""
    tables = {name: value for name, value in result.items() if _is_table(value)}
    for name, rows in tables.items():
        print_table(name.replace("_", " ").capitalize(), list(map(_in_words, rows)))
    simple = (str, int, float)
    print_facts({k: v for k, v in _in_words(result).items() if isinstance(v, simple)})


def _in_words(told: dict[str, Any]) -> dict[str, Any]:
    """Return the same with the names of models in words."""
    from plait.display import model_name

    names = {k: model_name(told[k]) for k in ("model", "shipped") if isinstance(told.get(k), str)}
    return told | names


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
