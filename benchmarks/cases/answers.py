"""Answers: questions about pictures, and texts written from pictures and voices."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.compute as pc

from benchmarks.data import Split, halves
from benchmarks.data.easyvqa import COLUMNS, TARGET, easyvqa
from benchmarks.data.stickers import stickers
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

VQA_BUDGET, PART_BUDGET, TEXT_BUDGET = "15m", "60s", "3m"
VQA_TARGET = ">= 0.98"
WRITTEN = {"picture": ("image", "image"), "voice": ("voice", "audio")}
"""What the names of stickers are written from: a column, and its modality."""


def run(settings: Settings) -> list[Row]:
    """Measure each; what shows a part alone says how much of a question needs both columns."""
    if not settings.with_plait:
        return []
    return [*_questions(settings), *(_written(settings, case) for case in WRITTEN)]


def _questions(settings: Settings) -> list[Row]:
    table = easyvqa()
    split = halves(table, target=TARGET, validation=0.1, seed=settings.seed, quick=settings.quick)
    row = Row(benchmark="answers", case="easy-VQA", metric="accuracy", seed=settings.seed)
    whole = _fit(split, settings, settings.budget_or(VQA_BUDGET))
    rows = [replace(_of(row, whole), target=VQA_TARGET)]
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


def _written(settings: Settings, case: str) -> Row:
    """Write the names of stickers from one column; the peer is the name of the nearest row."""
    column, modality = WRITTEN[case]
    table = stickers().select([column, "name", "split"])
    table = table.filter(pc.is_valid(table["name"]))
    split = halves(table, target="name", validation=0.0, seed=settings.seed, quick=settings.quick)
    found = fit_and_score(
        split, target="name", columns={column: modality, "name": "text"},
        budget=settings.budget_or(TEXT_BUDGET), seed=settings.seed,
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
