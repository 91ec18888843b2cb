"""Scores one model with columns hidden: each alone, all together, one missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.intervals import metric_intervals
from plait.model.model import Model


def score_subsets(
    model: Model,
    prepared: Prepared,
    rows: np.ndarray,
    truth: np.ndarray,
    *,
    groups: np.ndarray,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return the scores of the shipped model on `rows`: all columns, each alone, each missing.

    Each is ``{"columns", "kind", "metrics", "intervals"}`` with kind ``all``, ``alone`` or
    ``missing``; the model is the same one throughout, only what it sees changes.
    """
    inputs = model.inputs
    subsets: list[tuple[str, Sequence[str]]] = [("all", inputs)]
    if len(inputs) > 1:
        subsets += [("alone", [name]) for name in inputs]
    if len(inputs) > 2:
        subsets += [("missing", [n for n in inputs if n != name]) for name in inputs]
    return [
        {
            "kind": kind,
            "columns": list(kept),
            **_score(model, prepared, rows, truth, groups, kept, seed),
        }
        for kind, kept in subsets
    ]


def hide(prepared: Prepared, columns: Sequence[str]) -> Prepared:
    """Return the prepared rows with some columns missing in every row."""
    kept = {name: column for name, column in prepared.columns.items() if name not in columns}
    gone = {name: prepared.columns[name].codec for name in columns}
    return Prepared(kept, prepared.num_rows).with_empty(gone)


def _score(
    model: Model,
    prepared: Prepared,
    rows: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    kept: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    hidden = [
        column for name, columns in model.sources.items() if name not in kept for column in columns
    ]
    outputs = model.ensemble.outputs(hide(prepared, hidden), rows)
    codec = model.target_codec
    intervals = metric_intervals(codec.metrics, outputs, truth, groups=groups, seed=seed)
    return {"metrics": codec.metrics(outputs, truth), "intervals": intervals}
