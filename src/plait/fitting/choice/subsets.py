"""Scores one model with columns hidden: each alone, all together, one missing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.model.asked_draws import judged_draws
from plait.model.model import Model
from plait.model.scores import intervals_of, intervals_seconds_of
from plait.spacing import even_sample

LEAST_ROWS = 100
"""Fewer rows say nothing of a set of columns: some sets are left out instead."""


def score_subsets(
    model: Model,
    prepared: Prepared,
    rows: np.ndarray,
    truth: np.ndarray,
    *,
    groups: np.ndarray,
    seed: int = 0,
    end: float | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """Return the scores of the shipped model on `rows`: all columns, each alone, each missing.

    Each is ``{"columns", "kind", "rows", "metrics", "intervals"}`` with kind ``all``, ``alone`` or
    ``missing``; the model is the same one throughout, only what it sees changes. How long the first
    takes tells on how many rows the others are scored, and how many of them.

    Args:
        model: What ships.
        prepared: Where the rows are.
        rows, truth, groups: What is judged.
        seed: Of the resamples.
        end: Of `time.monotonic`; None scores all sets on all rows.

    Returns:
        The scores, and how many sets there are.
    """
    subsets = subsets_of(model.inputs)
    found: list[dict[str, Any]] = []
    places = np.arange(len(rows))
    for number, (kind, kept) in enumerate(subsets):
        began = time.monotonic()
        if end is not None and number and began > end:
            break
        seconds = None if end is None else max(end - began, 0.0) / (len(subsets) - number)
        part = _Part(rows[places], truth[places], groups[places])
        scored = _score(model, prepared, part, kept, seed, seconds)
        found.append({"kind": kind, "columns": list(kept), "rows": len(places), **scored})
        if not number and end is not None:
            places = _affordable(places, time.monotonic() - began, end, len(subsets) - 1)
    return found, len(subsets)


def subsets_of(inputs: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """Return the sets of columns that are scored, each with its kind."""
    subsets: list[tuple[str, Sequence[str]]] = [("all", inputs)]
    if len(inputs) > 1:
        subsets += [("alone", [name]) for name in inputs]
    if len(inputs) > 2:
        subsets += [("missing", [n for n in inputs if n != name]) for name in inputs]
    return subsets


def hide(prepared: Prepared, columns: Sequence[str]) -> Prepared:
    """Return the prepared rows with some columns missing in every row."""
    kept = {name: column for name, column in prepared.columns.items() if name not in columns}
    gone = {name: prepared.columns[name].codec for name in columns}
    return Prepared(kept, prepared.num_rows).with_empty(gone)


class _Part:
    """Some rows, their truth and groups."""

    def __init__(self, rows: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> None:
        self.rows, self.truth, self.groups = rows, truth, groups


def _affordable(places: np.ndarray, seconds: float, end: float, num_left: int) -> np.ndarray:
    """Return the places of as many rows, evenly spread, as the other sets can be scored on."""
    share = max(end - time.monotonic(), 0.0) / max(seconds * num_left, 1e-9)
    num = max(int(len(places) * share), min(LEAST_ROWS, len(places)))
    return even_sample(places, num)


def _score(
    model: Model,
    prepared: Prepared,
    part: _Part,
    kept: Sequence[str],
    seed: int,
    seconds: float | None,
) -> dict[str, Any]:
    began = time.monotonic()
    hidden = [
        column
        for name, columns in model.input_columns.items()
        if name not in kept
        for column in columns
    ]
    outputs = model.predictor.outputs(
        hide(prepared, hidden), part.rows, judged_draws(model.predictor)
    )
    judge = model.predictor.judge
    found: dict[str, Any] = {"metrics": judge.metrics(outputs, part.truth), "intervals": {}}
    left = None if seconds is None else seconds - (time.monotonic() - began)
    if left is None or intervals_seconds_of(judge, outputs, part.truth) <= left:
        found["intervals"] = intervals_of(judge, outputs, part.truth, groups=part.groups, seed=seed)
    return found
