"""Clothing reviews: AUC on who recommends, by words, age and kind, beside linear TF-IDF."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.data import Split, halves
from benchmarks.data.reviews import COLUMNS, TARGET, reviews
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.peers.texts import recommending_words
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
SHIPPED, ALONE, STEPS = ">= 0.965", ">= 0.96", ">= 400"


def run(settings: Settings) -> list[Row]:
    """Fit as a user would, and once more without simple models: what the network is worth alone."""
    split = halves(
        reviews(), target=TARGET, validation=0.1, seed=settings.seed, quick=settings.quick
    )
    row = Row(benchmark="reviews", case="who recommends", metric="AUC", seed=settings.seed)
    peer = recommending_words(split, target=TARGET, positive="yes", columns=("title", "review"))
    if not settings.with_plait:
        return [replace(row, peer=peer.name, peer_value=peer.score)]
    shipped = _fit(split, settings)
    alone = _fit(split, settings, baselines=False)
    training = alone.model.records["metrics"]["training"]
    first = row.scored(shipped.metrics["auc"], shipped.seconds, shipped.note)
    network = replace(row, case="who recommends, the network alone")
    steps = replace(network, metric="steps", value=float(training["steps"]), target=STEPS)
    return [
        replace(first, peer=peer.name, peer_value=peer.score, target=SHIPPED),
        replace(network.scored(alone.metrics["auc"], alone.seconds, alone.note), target=ALONE),
        steps,
    ]


def _fit(split: Split, settings: Settings, **options: object) -> Outcome:
    return fit_and_score(
        split,
        target=TARGET,
        columns={**COLUMNS, TARGET: "category"},
        budget=settings.budget_or(BUDGET),
        seed=settings.seed,
        **options,
    )
