"""Seven sets of time series (UCR, UEA) beside aeon's MiniRocket and Hydra."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

import benchmarks.peers
from benchmarks.data import halves
from benchmarks.data.series import SIZES, series
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "45s"
COLUMNS = {"series": "series", "label": "category"}


def run(settings: Settings) -> list[Row]:
    """Fit every set; the target is on the mean over the sets."""
    names = list(SIZES)[:2] if settings.quick else list(SIZES)
    found = aeon_results(names, settings)
    ours = {name: _fit(name, settings) for name in names} if settings.with_plait else {}
    rows = [_row(ours.get(peer["data"]), peer, settings) for peer in found]
    return rows + [_mean(rows, peer, settings) for peer in dict.fromkeys(r.peer for r in rows)]


def aeon_results(names: list[str], settings: Settings) -> list[dict[str, Any]]:
    """Run aeon in its own interpreter; see `benchmarks.peers.aeon_classifiers`.

    Raises:
        RuntimeError: That interpreter has no aeon, or aeon failed.
    """
    script = Path(benchmarks.peers.__file__).with_name("aeon_classifiers.py")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "aeon.json"
        seed = ["--seed", str(settings.seed), "--out", str(out)]
        command = [str(settings.peer_python), str(script), "--names", *names, *seed]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(
                f"aeon did not run under {settings.peer_python}\n{done.stderr.strip()}\n"
                "hint: python -m venv aeon-venv && aeon-venv/bin/pip install aeon "
                "'torch>=2.8,<2.14', then --peer-python aeon-venv/bin/python"
            )
        results: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
        return results


def _fit(name: str, settings: Settings) -> Outcome:
    split = halves(series(name), target="label", validation=0.2, seed=settings.seed)
    budget = settings.budget_or(BUDGET)
    return fit_and_score(split, target="label", columns=COLUMNS, budget=budget, seed=settings.seed)


def _row(ours: Outcome | None, peer: dict[str, Any], settings: Settings) -> Row:
    return Row(
        benchmark="series",
        case=peer["data"],
        metric="accuracy",
        value=None if ours is None else ours.metrics["accuracy"],
        peer=peer["peer"],
        peer_value=peer["accuracy"],
        seconds=peer["seconds"] if ours is None else ours.seconds,
        seed=settings.seed,
        note=peer["note"],
    )


def _mean(rows: list[Row], peer: str, settings: Settings) -> Row:
    chosen = [row for row in rows if row.peer == peer]
    values = [row.value for row in chosen if row.value is not None]
    return Row(
        benchmark="series",
        case=f"mean of {len(chosen)}",
        metric="accuracy",
        value=fmean(values) if values else None,
        peer=peer,
        peer_value=fmean(row.peer_value or 0.0 for row in chosen),
        target=">= peer",
        seconds=sum(row.seconds for row in chosen),
        seed=settings.seed,
    )
