"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from pathlib import Path

from plait.data.table import Table
from plait.model.model import Model, load
from plait.results import Scores


def evaluate(
    bundle: Model | Path | str,
    table: Table | Path | str,
    *,
    on_error: str = "raise",
    seed: int = 0,
    root: Path | str | None = None,
    importance: bool = False,
    threshold: float | None = None,
    positive: str | None = None,
) -> Scores:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    Args:
        bundle: A bundle's folder, or its model.
        table: Rows with the target column.
        on_error: ``raise``, or ``skip`` to treat unreadable cells as missing.
        seed: Of the intervals.
        root: Folder of the media.
        importance: Whether to tell what each input column is worth: ``importance``, a list, see
            `plait.model.importance.importance`.
        threshold, positive: Another decision between two classes than the bundle's; see
            `plait.model.decision.with_threshold`.

    Raises `BundleError`, `TableError`, `TargetError` or `CellError`.
    """
    model = bundle if isinstance(bundle, Model) else load(bundle)
    if threshold is not None:
        model = model.with_threshold(threshold, positive=positive)
    if importance:
        model.require_target()
    scores = model.evaluate(table, on_error=on_error, seed=seed, root=root)
    if importance:
        scores["importance"] = model.importance(table, on_error=on_error, seed=seed, root=root)
    return scores
