"""Photographed hand signs of digits: accuracy beside scikit-learn on pixels."""

from __future__ import annotations

from benchmarks.cases import beside
from benchmarks.data import halves
from benchmarks.data.given import signdigits
from benchmarks.fits import fit_and_score
from benchmarks.peers.pixels import pixel_peers
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
COLUMNS = {"image": "image", "label": "category"}


def run(settings: Settings) -> list[Row]:
    """Fit on the given training rows, a tenth of them set aside to choose by."""
    table, root = signdigits(settings.data)
    split = halves(
        table, target="label", validation=0.1, seed=settings.seed, quick=settings.quick, root=root
    )
    row = Row(benchmark="signdigits", case="sign digits", metric="accuracy", seed=settings.seed)
    if settings.with_plait:
        budget = settings.budget_or(BUDGET)
        ours = fit_and_score(
            split, target="label", columns=COLUMNS, budget=budget, seed=settings.seed
        )
        row = row.scored(ours.metrics["accuracy"], ours.seconds, ours.note)
    peers = pixel_peers(split, target="label", column="image", seed=settings.seed)
    return beside(row, peers, "> peer")
