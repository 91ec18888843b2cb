"""Answers that are written: the names of stickers from pictures and from voices."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.compute as pc

from benchmarks.data import halves
from benchmarks.data.stickers import stickers
from benchmarks.fits import fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
WRITTEN = {"picture": ("image", "image"), "voice": ("voice", "audio")}
"""What the names of stickers are written from: a column, and its modality."""


def run(settings: Settings) -> list[Row]:
    """Measure each, beside the name of the nearest training row."""
    if not settings.with_plait:
        return []
    return [_written(settings, case) for case in WRITTEN]


def _written(settings: Settings, case: str) -> Row:
    """Write the names of stickers from one column; the peer is the name of the nearest row."""
    column, modality = WRITTEN[case]
    table = stickers().select([column, "name", "split"])
    table = table.filter(pc.is_valid(table["name"]))
    split = halves(table, target="name", validation=0.0, seed=settings.seed, quick=settings.quick)
    found = fit_and_score(
        split, target="name", columns={column: modality, "name": "text"},
        budget=settings.budget_or(BUDGET), seed=settings.seed,
    )  # fmt: skip
    told = {one["name"]: one["metrics"] for one in found.model.records["metrics"]["candidates"]}
    row = Row(
        benchmark="answers", case=f"stickers' names from the {case}, the network alone",
        metric="chrF, rows set aside", seed=settings.seed,
    )  # fmt: skip
    note = f"{found.note}; what ships has {found.metrics['chrf']:.4f} on the test"
    scored = row.scored(told.get("deep", {}).get("chrf", 0.0), found.seconds, note)
    nearest = told.get("nearest", {}).get("chrf")
    return replace(scored, peer="name of the nearest row", peer_value=nearest, target="> peer")
