"""How many labels a shared space saves: few labels and many rows, beside labels alone."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.rows import Row


def keep_labels(table: pa.Table, target: str, num: int, seed: int) -> pa.Table:
    """Return the table with only `num` labels left, every class in the same shares, at least one.

    A fifth of them (where there are ten or more of a class) are marked ``validation``, all other
    rows ``train``.
    """
    labels = np.array(table[target].to_pylist(), object)
    rng = np.random.default_rng(seed)
    classes = sorted(set(labels))
    kept, judged = [], []
    for name in classes:
        rows = rng.permutation(np.flatnonzero(labels == name))
        share = max(1, round(num * len(rows) / len(labels)))
        kept += rows[:share].tolist()
        judged += rows[: share // 5].tolist()
    told = np.zeros(len(labels), bool)
    told[kept] = True
    split = np.full(len(labels), "train", object)
    split[judged] = "validation"
    cells = [label if there else None for label, there in zip(labels, told, strict=True)]
    place = table.column_names.index(target)
    found = table.set_column(place, target, pa.array(cells, pa.string()))
    if "split" in found.column_names:
        found = found.drop_columns(["split"])
    return found.append_column("split", pa.array(split))


def labelled_only(table: pa.Table, target: str) -> pa.Table:
    """Return the rows that have a label."""
    return table.filter(pa.compute.is_valid(table[target]))


def fit_labels(
    learn: pa.Table,
    test: pa.Table,
    *,
    target: str,
    columns: dict[str, Any],
    budget: str,
    seed: int,
    **options: Any,
) -> tuple[float, float, str]:
    """Fit and return the test accuracy, the seconds, and what was shipped."""
    import plait

    start = time.monotonic()
    table = plait.read(learn, columns={**columns, "split": "split"})
    options["encoders"] = options.get("encoders") or "none"
    model = plait.fit(
        table, target=target, budget=budget, split="split", seed=seed, samples=False, **options
    )
    accuracy = model.evaluate(test)["metrics"]["accuracy"]
    return accuracy, time.monotonic() - start, str(model.summary()["shipped"])


def saved_rows(
    name: str,
    learn: pa.Table,
    test: pa.Table,
    *,
    target: str,
    columns: dict[str, Any],
    budget: str,
    seed: int,
    share: float,
    times: int,
    gain: float | None = None,
    encoders: dict[str, str] | None = None,
) -> list[Row]:
    """Return accuracy with `share` of the labels and all rows, beside labels alone.

    Args:
        name: Of the data set.
        learn, test, target, columns: The data.
        budget, seed: Of each fit.
        share: Of the labels, in (0, 1].
        times: How many times the labels the peer has, without unlabelled rows.
        gain: Accuracy that must be gained over the peer; None: at least the peer's.
        encoders: Pretrained, for the model with few labels only.
    """
    num = round(share * learn.num_rows)
    few = keep_labels(learn, target, num, seed)
    more = labelled_only(keep_labels(learn, target, times * num, seed), target)
    common: dict[str, Any] = {"target": target, "columns": columns, "budget": budget, "seed": seed}
    alone, _, shipped_alone = fit_labels(more, test, **common)
    shared, seconds, shipped = fit_labels(few, test, **common, encoders=encoders)
    goal = f">= {alone + gain:.4f}" if gain is not None else ">= peer"
    return [
        Row(
            benchmark="space",
            case=f"{name}, {share:.1%} labels",
            metric="accuracy",
            value=shared,
            peer=f"{more.num_rows} labels alone" if times > 1 else "the same labels alone",
            peer_value=alone,
            target=goal,
            seconds=seconds,
            seed=seed,
            note=f"shipped: {shipped}; alone: {shipped_alone}",
        )
    ]
