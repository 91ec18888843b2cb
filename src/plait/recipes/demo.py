"""The demo: stickers with pictures, words and voices, from bundled data to a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plait.data.table import read
from plait.demo import stickers
from plait.progress import SILENT, Progress
from plait.recipes.fit import fit
from plait.recipes.outputs import check_output
from plait.recipes.report import write_report

TARGET = "group"
LEFT_OUT = ("subgroup", "speaker")
"""``subgroup`` gives the group away; ``speaker`` says nothing about the picture."""

LICENCES = (
    {
        "source": "OpenMoji pictures, names and tags",
        "licence": "CC BY-SA 4.0",
        "attribution": "All emojis designed by OpenMoji, the open-source emoji and icon project",
    },
    {
        "source": "voices",
        "licence": "synthetic: spoken by espeak-ng, no person's voice",
        "attribution": "espeak-ng",
    },
)


def run_demo(
    *,
    out: Path | str = ".",
    budget: str = "2m",
    seed: int = 0,
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Fit on the stickers and write ``stickers.plait`` and ``report.html`` into `out`.

    Raises `UsageError` when there is a ``report.html`` already and `force` is not given.

    Returns:
        ``bundle``, ``report``, ``shipped``, ``seconds``, and ``results``: one row per baseline, for
        all columns together, for each alone and each missing.
    """
    folder = Path(out)
    check_output(folder / "report.html", force=force)
    folder.mkdir(parents=True, exist_ok=True)
    model = fit(
        read(stickers(), columns={"voice": "audio"}),
        target=TARGET,
        exclude=LEFT_OUT,
        budget=budget,
        seed=seed,
        out=folder / "stickers.plait",
        licences=LICENCES,
        progress=progress or SILENT,
    )
    summary = model.summary()
    report = write_report(folder / "stickers.plait", folder / "report.html", force=force)
    return {
        "bundle": summary["bundle"],
        "report": str(report),
        "shipped": summary["shipped"],
        "seconds": summary["seconds"],
        "results": result_rows(model.records["metrics"]),
        "notes": "; ".join(summary["notes"]),
    }


def result_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one table: baselines, the network, then the shipped model by what it sees."""
    rows = [_row(entry["name"], "all columns", entry) for entry in metrics["candidates"]]
    for subset in metrics.get("subsets", []):
        seen = " + ".join(subset["columns"])
        shown = {"all": "all columns", "alone": f"only {seen}", "missing": seen}[subset["kind"]]
        rows.append(_row("shipped", shown, metrics["test"] if subset["kind"] == "all" else subset))
    return rows


def _row(name: str, seen: str, scored: dict[str, Any]) -> dict[str, Any]:
    interval = scored["intervals"].get("accuracy")
    return {
        "model": name,
        "sees": seen,
        "accuracy": round(scored["metrics"]["accuracy"], 4),
        "95 %": "–" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}",
        "log_loss": round(scored["metrics"]["log_loss"], 3),
    }
