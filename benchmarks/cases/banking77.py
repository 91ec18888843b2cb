"""Banking77: accuracy on 77 intents of short questions, beside scikit-learn on TF-IDF."""

from __future__ import annotations

from benchmarks.cases import beside
from benchmarks.data import halves
from benchmarks.data.given import banking77
from benchmarks.fits import fit_and_score
from benchmarks.peers.texts import text_peers
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "5m"
COLUMNS = {"text": "text", "label": "category"}


def run(settings: Settings) -> list[Row]:
    """Fit on the official training rows, a tenth of them set aside to choose by."""
    split = halves(
        banking77(settings.data), target="label", validation=0.1, seed=settings.seed,
        quick=settings.quick,
    )  # fmt: skip
    row = Row(benchmark="banking77", case="Banking77", metric="accuracy", seed=settings.seed)
    if settings.with_plait:
        budget = settings.budget_or(BUDGET)
        ours = fit_and_score(
            split, target="label", columns=COLUMNS, budget=budget, seed=settings.seed
        )
        row = row.scored(ours.metrics["accuracy"], ours.seconds, ours.note)
    peers = text_peers(split, target="label", column="text", seed=settings.seed)
    return beside(row, peers, "> peer")
