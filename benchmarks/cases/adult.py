"""Adult: AUC on who earns over 50,000 dollars, beside LightGBM as it comes and tuned."""

from __future__ import annotations

from benchmarks.cases import beside
from benchmarks.data import halves
from benchmarks.data.adult import NUMBERS, TARGET, adult
from benchmarks.fits import fit_and_score
from benchmarks.peers.boosting import lightgbm_peers
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"


def run(settings: Settings) -> list[Row]:
    """Fit on the same rows as the peers, a tenth of them set aside to choose by."""
    split = halves(adult(), target=TARGET, validation=0.1, seed=settings.seed, quick=settings.quick)
    row = Row(benchmark="adult", case="Adult", metric="AUC", seed=settings.seed)
    if settings.with_plait:
        inputs = [name for name in split.train.column_names if name != "split"]
        columns = {name: "number" if name in NUMBERS else "category" for name in inputs}
        budget = settings.budget_or(BUDGET)
        ours = fit_and_score(
            split, target=TARGET, columns=columns, budget=budget, seed=settings.seed
        )
        row = row.scored(ours.metrics["auc"], ours.seconds, ours.note)
    peers = lightgbm_peers(split, target=TARGET, positive=">50K", seed=settings.seed)
    return beside(row, peers, ">= peer")
