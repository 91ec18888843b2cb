"""100 to 500 rows of pictures, words and numbers: the shipped model beside the best baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.stickers import TARGET, stickers, with_numbers
from benchmarks.data.tables import validation_words
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "1m"
NUM_ROWS = (100, 250, 500)
COLUMNS = {
    "image": "image", "name": "text", "inked": "number", "letters": "number",
    TARGET: "category", "split": "split",
}  # fmt: skip


def run(settings: Settings) -> list[Row]:
    """Fit random subsets of the stickers, judged on all test rows.

    The bar is the baseline that turns out best on the test rows, which nobody could have known.
    """
    if not settings.with_plait:
        return []
    table = with_numbers(stickers())
    sizes = NUM_ROWS[:1] if settings.quick else NUM_ROWS
    return [_compare(subset(table, size, settings.seed), size, settings) for size in sizes]


def subset(table: pa.Table, num_rows: int, seed: int) -> pa.Table:
    """Return `num_rows` random rows that are not of the test (a fifth validates), and the test."""
    is_test = pc.equal(table["split"], "test")
    others, test = table.filter(pc.invert(is_test)), table.filter(is_test)
    chosen = np.random.default_rng(seed).permutation(others.num_rows)[:num_rows]
    few = others.take(np.sort(chosen))
    words = validation_words(few[TARGET].to_pylist(), 0.2, seed)
    few = few.set_column(few.column_names.index("split"), "split", pa.array(words))
    return pa.concat_tables([few, test])


def _compare(table: pa.Table, num_rows: int, settings: Settings) -> Row:
    import plait

    model = plait.fit(
        plait.read(table, columns=COLUMNS), target=TARGET, budget=settings.budget_or(BUDGET),
        split="split", seed=settings.seed, samples=False, encoders="none",
    )  # fmt: skip
    summary: dict[str, Any] = model.summary()
    best = max(summary["baselines"], key=lambda baseline: baseline["metrics"]["accuracy"])
    return Row(
        benchmark="small",
        case=f"{num_rows} rows",
        metric="accuracy",
        value=summary["metrics"]["accuracy"],
        peer="best baseline",
        peer_value=best["metrics"]["accuracy"],
        target=">= peer",
        seconds=summary["seconds"],
        seed=settings.seed,
        note=f"shipped: {summary['shipped']}; best baseline: {best['name']}",
    )
