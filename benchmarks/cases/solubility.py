"""Solubility of molecules: RMSE beside random forests on fingerprints and descriptors."""

from __future__ import annotations

from benchmarks.cases import beside
from benchmarks.data import halves
from benchmarks.data.solubility import solubility
from benchmarks.fits import fit_and_score
from benchmarks.peers.molecules import forest_peers
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
COLUMNS = {"molecule": "molecule", "solubility": "number"}


def run(settings: Settings) -> list[Row]:
    """Fit on the official training molecules, a tenth of them set aside to choose by."""
    split = halves(
        solubility(), target="solubility", validation=0.1, seed=settings.seed, quick=settings.quick
    )
    row = Row(benchmark="solubility", case="solubility", metric="RMSE", seed=settings.seed)
    if settings.with_plait:
        budget = settings.budget_or(BUDGET)
        ours = fit_and_score(
            split, target="solubility", columns=COLUMNS, budget=budget, seed=settings.seed
        )
        row = row.scored(ours.metrics["rmse"], ours.seconds, ours.note)
    peers = forest_peers(split, target="solubility", column="molecule", seed=settings.seed)
    return beside(row, peers, "< peer")
