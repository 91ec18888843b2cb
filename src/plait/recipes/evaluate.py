"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.data.table import read
from plait.model.model import Model, load
from plait.reading import ReadOptions
from plait.results import Scores


def evaluate(
    bundle: Model | Path | str,
    table: Any,
    *,
    seed: int = 0,
    importance: bool = False,
    threshold: float | None = None,
    positive: str | None = None,
    **reading: Unpack[ReadOptions],
) -> Scores:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    Args:
        bundle: A bundle's folder, or its model.
        table: Rows with the target column.
        seed: Of the intervals.
        importance: Whether to tell what each input column is worth: ``importance``, a list, see
            `plait.model.importance.importance`.
        threshold, positive: Another decision between two classes than the bundle's; see
            `plait.model.decision.with_threshold`.
        reading: How the table is read: the arguments of `plait.read`.

    Raises `BundleError`, `TableError`, `TargetError` or `CellError`.
    """
    rows = read(table, **reading)
    on_error = rows.on_error or "raise"
    model = bundle if isinstance(bundle, Model) else load(bundle)
    if threshold is not None:
        model = model.with_threshold(threshold, positive=positive)
    if importance:
        model.require_target()
    scores = model.evaluate(rows, on_error=on_error, seed=seed)
    if importance:
        scores["importance"] = model.importance(rows, on_error=on_error, seed=seed)
    return scores
