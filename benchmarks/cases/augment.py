"""Rows that a model makes of few labelled ones: what learning from them too is worth, or not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data import Split, halves
from benchmarks.data.fashion import fashion
from benchmarks.data.given import signdigits
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "300 steps"
"""Of each generator's training: work, not time."""

FEW = (50, 500)
"""Labels of clothes; of sign digits the most of these."""

COLUMNS = {"image": "image", "label": "category", "split": "split"}


def run(settings: Settings) -> list[Row]:
    """Measure: generators and judges see training rows alone, folds of which judge both ways."""
    if not settings.with_plait:
        return []
    clothes = halves(
        fashion(), target="label", validation=1 / 12, seed=settings.seed, quick=settings.quick
    )
    rows = []
    for num in FEW[: 1 if settings.quick else None]:
        some = Split(_some(clothes.train, num, settings.seed), clothes.test)
        rows += _case(f"Fashion-MNIST, {num} labels", some, settings)
    if settings.data is not None and not settings.quick:
        table, root = signdigits(settings.data)
        signs = halves(table, target="label", validation=1 / 8, seed=settings.seed, root=root)
        some = replace(signs, train=_some(signs.train, FEW[-1], settings.seed))
        rows += _case(f"sign digits, {FEW[-1]} labels", some, settings)
    return rows


def _case(case: str, split: Split, settings: Settings) -> list[Row]:
    import plait

    table = split.train.select(["image", "label"])
    table = table.append_column("split", pa.array(["train"] * table.num_rows))
    options: dict[str, Any] = {
        "target": "label", "simple": True, "samples": False, "seed": settings.seed,
        "budget": settings.budget_or(BUDGET), "root": split.root,
    }  # fmt: skip
    began = time.process_time()
    model = plait.fit(table, columns=COLUMNS, augment="generated", **options)
    seconds = time.process_time() - began
    told = model.records["metrics"]["augmentation"]
    note = f"{told['rows']} rows held out in 3 folds, 95 % " if "rows" in told else told["why"]
    if "rows" not in told:
        return [_row(settings, case, "gain in log loss", None, seconds, note)]
    low, high = told["interval"]
    note += f"[{low:.4f}, {high:.4f}]: {'learned from' if told['shown'] else 'refused'}"
    accuracy = f"{told['headline']} {told['before']:.4f} without, {told['after']:.4f} with"
    return [
        _row(settings, case, "gain in log loss", told["gain"], seconds, note),
        _row(settings, case, "gain in accuracy", told["after"] - told["before"], seconds, accuracy),
    ]


def _some(table: pa.Table, num: int, seed: int) -> pa.Table:
    """Return rows by lot, of each class equally many."""
    labels = np.array(table["label"].to_pylist())
    rng, kinds = np.random.default_rng(seed), sorted(set(labels))
    rows = [rng.permutation(np.flatnonzero(labels == one))[: num // len(kinds)] for one in kinds]
    return table.take(pa.array(np.sort(np.concatenate(rows))))


def _row(
    settings: Settings, case: str, metric: str, value: float | None, seconds: float, note: str
) -> Row:
    return Row(
        benchmark="augment", case=case, metric=metric, value=value, seconds=seconds,
        seed=settings.seed, note=note,
    )  # fmt: skip
