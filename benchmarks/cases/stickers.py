"""Stickers: all columns together beside single modalities, and with one modality missing."""

from __future__ import annotations

from typing import Any

from benchmarks.data import Split, halves
from benchmarks.data.stickers import INPUTS, TARGET, stickers
from benchmarks.fits import Outcome, columns_of, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "3m"
MODALITIES = {"picture": ("image",), "words": ("name", "tags"), "sound": ("voice",)}


def run(settings: Settings) -> list[Row]:
    """Fit all columns and each modality alone, each within the same budget."""
    if not settings.with_plait:
        return []
    split = halves(stickers(), target=TARGET, validation=0.0, seed=settings.seed)
    alone = {name: _fit(_only(split, columns), settings) for name, columns in MODALITIES.items()}
    single = {name: outcome.metrics["accuracy"] for name, outcome in alone.items()}
    together = _fit(split, settings)
    rows = [_row(f"{name} alone", single[name], settings, alone[name]) for name in single]
    best = max(single, key=lambda name: single[name])
    rows.append(
        _row(
            "all together",
            together.metrics["accuracy"],
            settings,
            together,
            peer=f"{best} alone",
            peer_value=single[best],
            target="> peer",
        )
    )
    return rows + [_one_missing(name, together, single, settings) for name in MODALITIES]


def _one_missing(name: str, together: Outcome, single: dict[str, float], settings: Settings) -> Row:
    rest = {other: accuracy for other, accuracy in single.items() if other != name}
    best = max(rest, key=lambda other: rest[other])
    accuracy = together.score_without(*MODALITIES[name])["accuracy"]
    return _row(
        f"all but the {name}",
        accuracy,
        settings,
        together,
        peer=f"{best} alone",
        peer_value=rest[best],
        target=">= peer",
    )


def _only(split: Split, columns: tuple[str, ...]) -> Split:
    kept = [*columns, TARGET, "split"]
    return Split(split.train.select(kept), split.test.select(kept))


def _fit(split: Split, settings: Settings) -> Outcome:
    columns = columns_of(split.train, {**INPUTS, TARGET: "category"})
    budget = settings.budget_or(BUDGET)
    return fit_and_score(split, target=TARGET, columns=columns, budget=budget, seed=settings.seed)


def _row(case: str, accuracy: float, settings: Settings, outcome: Outcome, **beside: Any) -> Row:
    return Row(
        benchmark="stickers", case=case, metric="accuracy", value=accuracy, seed=settings.seed,
        seconds=outcome.seconds, note=outcome.note, **beside,
    )  # fmt: skip
