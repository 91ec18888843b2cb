"""Fashion-MNIST with at most 500,000 parameters: accuracy of the network alone."""

from __future__ import annotations

from typing import Any

from benchmarks.data import Split, halves
from benchmarks.data.fashion import fashion
from benchmarks.fits import fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "10m"
COLUMNS: dict[str, Any] = {
    "image": {"modality": "image", "settings": {"flip": True}},
    "label": "category",
}


def split_of(settings: Settings) -> Split:
    """Return the official split, 5,000 training rows set aside for validation."""
    return halves(
        fashion(), target="label", validation=1 / 12, seed=settings.seed, quick=settings.quick
    )


def run(settings: Settings) -> list[Row]:
    """Fit without baselines: a mix with boosted trees would not be a network of that size."""
    split = split_of(settings)
    if not settings.with_plait:
        return []
    outcome = fit_and_score(
        split,
        target="label",
        columns=COLUMNS,
        budget=settings.budget_or(BUDGET),
        seed=settings.seed,
        baselines=False,
    )
    training = outcome.model.records["metrics"]["training"]
    fields: dict[str, Any] = {
        "benchmark": "fashion",
        "case": "Fashion-MNIST",
        "seconds": outcome.seconds,
        "seed": settings.seed,
    }
    how = f"{training['precision']}, {training['steps']:,} steps"
    return [
        Row(
            **fields,
            metric="accuracy",
            value=outcome.metrics["accuracy"],
            target=">= 0.94",
            note=how,
        ),
        Row(
            **fields,
            metric="parameters",
            value=float(training["num_parameters"]),
            target="<= 500000",
        ),
    ]
