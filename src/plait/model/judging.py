"""Looks closer at a fitted model: its candidates, and the rows that it gets most wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plait.bootstrap import LEAST_UNITS
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.display import model_name, with_interval
from plait.errors import UsageError
from plait.model.asked_draws import judged_draws
from plait.model.columns import require_target
from plait.progress import SILENT, Progress
from plait.results import Ranking
from plait.types import Cell

if TYPE_CHECKING:
    from plait.model.model import Model

NUM_CELLS = 4
"""Input cells of a row that are shown beside its cost."""


def leaderboard(model: Model) -> Ranking:
    """Return the candidates of the fit, the cheapest first, and before them what was shipped.

    Each row has ``name``, ``weight`` (in the shipped mix; 0 where it is no part of it), ``cost``
    (mean over the rows of the choice), ``seconds`` (to fit), and every metric on the rows set
    aside with its 95 % interval: ``accuracy``, ``accuracy_low``, ``accuracy_high``.

    Raises `TargetError` when the model has no target.
    """
    model.require_target()
    found = model.records.get("metrics", {})
    weights, mixed = found.get("weights", {}), len(found.get("weights", {})) > 1
    candidates = sorted(found.get("candidates", []), key=_cost_of)
    parts = [
        {"name": one["name"], "weight": weights.get(one["name"], 0.0), **one} for one in candidates
    ]
    if mixed:
        parts.insert(0, {"name": found.get("shipped"), "weight": 1.0, **found.get("test", {})})
    rows, shown = [], []
    for part in parts:
        metrics, intervals = part.get("metrics") or {}, part.get("intervals") or {}
        facts = {key: part.get(key) for key in ("name", "weight", "cost", "seconds")}
        rows.append({**facts, **_flat(metrics, intervals)})
        told = {k: with_interval(v, intervals.get(k)) for k, v in metrics.items()}
        shown.append({**facts, "name": model_name(part.get("name")), **told})
    return Ranking(rows, title=f"Candidates for {model.target}", shown=shown)


def top_losses(
    model: Model, rows: Any, *, k: int = 10, on_error: str | None = None, root: Any = None
) -> Ranking:
    """Return the `k` rows that the model gets most wrong, the worst first.

    Each has ``row`` (its number in the table), ``cost``, ``truth``, ``prediction``, ``confidence``
    (where the target has one) and ``cells`` (its input columns). Rows without a target are left
    out.

    Args:
        model: With a target.
        rows: As for `Model.evaluate`.
        k: How many.
        on_error, root: As for `Model.predict`.

    Raises:
        TargetError: The model, or the table, has no target.
        UsageError: `k` is not positive.
    """
    if k < 1:
        raise UsageError("there is nothing to list", expected="k of at least 1", received=str(k))
    table = model.as_table(rows, on_error=on_error, root=root)
    prepared, numbers, truth = labelled_rows(model, table)
    outputs = model.predictor.outputs(prepared, numbers, judged_draws(model.predictor))
    costs = model.predictor.judge.cost(outputs, truth)
    worst = np.argsort(-costs, kind="stable")[:k]
    answer = model.predictor.answer(outputs[worst])
    places = numbers[worst]
    inputs = [name for name in model.inputs if name in table.column_names]
    cells = {name: table.column(name, places) for name in [*inputs, str(model.target)]}
    found, shown = [], []
    for place, row in enumerate(places):
        facts = {
            "row": int(row),
            "cost": float(costs[worst[place]]),
            "truth": cells[str(model.target)][place],
            **{
                name: _plain(answer[name][place])
                for name in ("prediction", "confidence")
                if name in answer
            },
        }
        own: dict[str, Cell] = {name: cells[name][place] for name in inputs}
        found.append({**facts, "cells": own})
        shown.append({**facts, **{name: own[name] for name in inputs[:NUM_CELLS]}})
    title = f"The {len(found)} rows with the highest cost, of {len(numbers):,}"
    return Ranking(found, title=title, shown=shown)


def labelled_rows(
    model: Model, table: Any, progress: Progress = SILENT
) -> tuple[Prepared, np.ndarray, np.ndarray]:
    """Return a table's prepared rows, the numbers of those with a target, and their truth.

    Raises `TargetError` when the model or every row has no target, `ColumnError` without its
    column.
    """
    model.require_target()
    target = require_target(table, model.target)
    prepared = model.prepare(table, target=True, progress=progress)
    numbers = np.flatnonzero(prepared.columns[target].present)
    return prepared, numbers, model.truth(prepared, numbers)


def said_units(table: Table, group: str | None, rows: np.ndarray) -> np.ndarray | None:
    """Return which rows belong together, int32 ``[row]``; None where the table does not say."""
    if group is None or group not in table.column_names:
        return None
    from plait.data.grouping import join_said, said_groups

    alone = np.arange(table.num_rows, dtype=np.int32)
    return join_said(said_groups(table, group), alone)[rows]


def _flat(metrics: dict[str, float], intervals: dict[str, list[float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in metrics.items():
        found[name] = value
        if name in intervals:
            found[f"{name}_low"], found[f"{name}_high"] = intervals[name]
    return found


def _cost_of(candidate: dict[str, Any]) -> float:
    cost = candidate.get("cost")
    return float("inf") if cost is None else float(cost)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def few_groups_said(num_groups: int, group: str | None) -> list[str]:
    """Return a warning where numbers rest on rows of few said groups; nothing elsewhere."""
    if group is None or not 0 < num_groups < LEAST_UNITS:
        return []
    return [
        f"judged on only {num_groups} groups of '{group}': the numbers have no interval, and other "
        "groups may give quite other ones"
    ]
