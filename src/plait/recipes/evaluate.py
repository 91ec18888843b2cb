"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plait.data.table import Table
from plait.model.model import load


def evaluate(
    bundle: Path | str,
    table: Table | Path | str,
    *,
    on_error: str = "raise",
    seed: int = 0,
    root: Path | str | None = None,
) -> dict[str, Any]:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    Raises `BundleError`, `TableError`, `TargetError` or `CellError`.
    """
    return load(bundle).evaluate(table, on_error=on_error, seed=seed, root=root)
