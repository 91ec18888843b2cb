"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.data.table import read
from plait.model.model import load
from plait.reading import ReadOptions


def evaluate(
    bundle: Path | str,
    table: Any,
    *,
    seed: int = 0,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    How the table is read are the arguments of `plait.read`.

    Raises `BundleError`, `TableError`, `TargetError` or `CellError`.
    """
    rows = read(table, **reading)
    return load(bundle).evaluate(rows, on_error=rows.on_error or "raise", seed=seed)
