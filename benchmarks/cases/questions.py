"""Questions about pictures: both columns together beside each alone, and simple models."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.data import Split, halves
from benchmarks.data.easyvqa import COLUMNS, TARGET, easyvqa
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET, PART_BUDGET = "15m", "60s"
REACH = ">= 0.98"


def run(settings: Settings) -> list[Row]:
    """Measure all; what a part has alone says how much of a question needs both columns."""
    if not settings.with_plait:
        return []
    table = easyvqa()
    split = halves(table, target=TARGET, validation=0.1, seed=settings.seed, quick=settings.quick)
    row = Row(benchmark="questions", case="easy-VQA", metric="accuracy", seed=settings.seed)
    whole = _fit(split, settings, settings.budget_or(BUDGET))
    rows = [replace(_of(row, whole), target=REACH)]
    for left_out, name in (("picture", "question alone"), ("question", "picture alone")):
        part = _without(split, left_out)
        alone = _fit(part, settings, settings.budget_or(PART_BUDGET))
        rows.append(_of(replace(row, case=f"easy-VQA, {name}"), alone))
    simple = _fit(split, settings, settings.budget_or(PART_BUDGET), simple=True)
    return [*rows, _of(replace(row, case="easy-VQA, simple models alone"), simple)]


def _fit(split: Split, settings: Settings, budget: str, **options: object) -> Outcome:
    kept = {name: kind for name, kind in COLUMNS.items() if name in split.train.column_names}
    return fit_and_score(
        split, target=TARGET, columns={**kept, TARGET: "category"}, budget=budget,
        seed=settings.seed, **options,
    )  # fmt: skip


def _without(split: Split, column: str) -> Split:
    return Split(split.train.drop_columns([column]), split.test.drop_columns([column]))


def _of(row: Row, found: Outcome) -> Row:
    return row.scored(found.metrics["accuracy"], found.seconds, found.note)
