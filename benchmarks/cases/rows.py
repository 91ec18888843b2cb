"""Whole rows: what is learned from made rows of a census, and of patients, beside real ones."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data import halves
from benchmarks.data.adult import NUMBERS, TARGET, adult
from benchmarks.data.tables import validation_words
from benchmarks.peers.boosting import lightgbm_default
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET, SMALL_BUDGET, QUICK_STEPS = "3000 steps", "400 steps", "100 steps"
"""Counted in steps, so that the rows are the same on any machine, busy or not."""


def run(settings: Settings) -> list[Row]:
    """Learn to make rows of both; made rows teach, official test rows judge."""
    return [*_adult(settings), *_diabetes(settings)] if settings.with_plait else []


def _adult(settings: Settings) -> list[Row]:
    split = halves(adult(), target=TARGET, validation=0.1, seed=settings.seed, quick=settings.quick)
    names = [name for name in split.train.column_names if name != "split"]
    columns = {name: "number" if name in NUMBERS else "category" for name in names}
    model, seconds = _fit(split.train, columns, settings)
    num = split.train.num_rows
    taught: dict[str, Any] = {"target": TARGET, "positive": ">50K", "seed": settings.seed}
    real = lightgbm_default(split, **taught)
    scores = {}
    for name, maker in _makers(model, split.train).items():
        raws = maker.make({}, range(num), seed=settings.seed, temperature=1.0)
        cells = maker.write(raws)
        table = pa.table({name: pa.array(cells[name]) for name in names})
        scores[name] = lightgbm_default(replace(split, train=table), **taught)
    row = Row(benchmark="rows", case="Adult", metric="", seed=settings.seed)
    taught_by = replace(
        row, metric=f"AUC of LightGBM on real test rows, learned from {num:,} made rows"
    ).scored(scores["made"], seconds, f"shipped: {model.rows.drawer.name}")
    return [
        replace(taught_by, peer="real rows", peer_value=real, target=">= peer - 0.02"),
        replace(
            taught_by, peer="independent columns", peer_value=scores["independent"], target="> peer"
        ),
        *_told(row, model),
    ]


def _diabetes(settings: Settings) -> list[Row]:
    """442 patients of scikit-learn (Efron et al. 2004): a small table, mostly of numbers."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    found = {n: bunch.data[:, i].round(4) for i, n in enumerate(bunch.feature_names)}
    found["sex"] = [f"sex {int(one)}" for one in found["sex"]]
    table = pa.table({**found, "progression": bunch.target})
    words = np.array(validation_words(table["progression"].to_pylist(), 0.3, settings.seed))
    kept = np.flatnonzero(words == "validation")
    words[kept[::2]] = "test"
    table = table.append_column("split", pa.array(words.tolist()))
    columns = {name: "number" for name in found} | {"sex": "category", "progression": "number"}
    model, _ = _fit(table, columns, replace(settings, budget=settings.budget or SMALL_BUDGET))
    row = Row(benchmark="rows", case="diabetes, 442 rows", metric="", seed=settings.seed)
    return _told(row, model)


def _fit(table: pa.Table, columns: dict[str, str], settings: Settings) -> tuple[Any, float]:
    import plait

    budget = QUICK_STEPS if settings.quick else settings.budget_or(BUDGET)
    began = time.monotonic()
    model = plait.fit(
        plait.read(table, columns={**columns, "split": "split"}), whole_rows=True, split="split",
        budget=budget, seed=settings.seed, progress=False,
    )  # fmt: skip
    return model, time.monotonic() - began


def _makers(model: Any, table: pa.Table) -> dict[str, Any]:
    """Return what ships, and columns drawn each by itself."""
    from plait.whole_rows.columns import sizes_of, spans_of
    from plait.whole_rows.made import RowMaker
    from plait.whole_rows.tree import Tree

    columns = model.rows.columns
    codes = model.rows.encode(model.raws_of(model.as_table(table)))
    apart = Tree.fit(codes, sizes_of(columns), spans_of(columns), joined=False)
    return {"made": model.rows, "independent": RowMaker(columns=columns, drawer=apart)}


def _told(row: Row, model: Any) -> list[Row]:
    """Return what the fit measured on rows that it did not learn from."""
    metrics = model.records["metrics"]
    made = metrics["made"]
    likely = {one["name"]: one["metrics"]["log_likelihood"] for one in metrics["candidates"]}
    learned, apart, private = made["learned_from"], made["told_apart"], made["privacy"]
    means = {k: float(np.mean([one[k] for one in learned])) for k in ("made", "real")}
    seconds = model.records["energy"]["seconds"]
    base = replace(row, seconds=seconds, note=f"shipped: {metrics['shipped']}")
    gaps = made["associations"]["gap"]
    return [
        replace(
            base, metric="log-likelihood of a held-out row, nats", value=likely[metrics["shipped"]],
            peer="independent columns", peer_value=likely["independent_columns"], target="> peer",
        ),
        replace(
            base, metric="mean AUC or R² over columns, learned from made rows", value=means["made"],
            peer="as many real rows", peer_value=means["real"],
        ),
        replace(
            base, metric="AUC of trees that tell made rows from real ones",
            value=apart["made"]["auc"], peer="independent columns",
            peer_value=apart["independent"]["auc"], target="< peer",
        ),
        replace(
            base, metric="mean difference of associations", value=gaps["made"],
            peer="as many real rows", peer_value=gaps["real"],
        ),
        replace(
            base, metric="copies of training rows, %", value=100 * private["copies"],
            peer="held-out real rows", peer_value=100 * private["copies_held"],
        ),
        replace(
            base, metric="distance to the nearest training row, median", value=private["median"],
            peer="held-out real rows", peer_value=private["median_held"],
        ),
    ]  # fmt: skip
