"""Rows to look at: a few test rows, shown as people see them, with what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.errors import CellError
from plait.model.model import Model
from plait.recipes.task import Task

NUM_SAMPLES = 12


def make_samples(model: Model, task: Task, rows: np.ndarray, *, seed: int) -> list[dict[str, Any]]:
    """Return up to 12 of `rows` with every input rendered, half of them where the model errs most.

    Each is ``{"row", "cells": {column: html}, "truth", "prediction", "confidence", "right"}``.
    """
    if not len(rows):
        return []
    outputs = model.ensemble.outputs(task.prepared, rows)
    cost = model.target_codec.cost(outputs, task.truth[rows])
    chosen = _pick(cost, seed)
    answer = model.target_codec.answer(outputs[chosen])
    labels = getattr(model.target_codec, "labels", ())
    found = []
    for place, number in enumerate(chosen):
        row = int(rows[number])
        found.append(
            {
                "row": row,
                "cells": _cells(task, row),
                "truth": _text(task.table.column(str(task.target), [row])[0]),
                "prediction": _text(_spelled(answer["prediction"][place], labels)),
                "confidence": float(answer["confidence"][place]),
            }
        )
    return found


def _pick(cost: np.ndarray, seed: int) -> np.ndarray:
    worst = np.argsort(-cost, kind="stable")[: NUM_SAMPLES // 3]
    others = np.setdiff1d(np.arange(len(cost)), worst)
    rng = np.random.default_rng(seed)
    num = min(len(others), NUM_SAMPLES - len(worst))
    return np.concatenate([rng.choice(others, num, replace=False), worst]).astype(np.int64)


def _cells(task: Task, row: int) -> dict[str, str]:
    media = task.table.media()
    shown = {}
    for name in task.inputs:
        cell = task.table.column(name, [row])[0]
        codec = task.codecs[name]
        if not task.prepared.columns[name].present[row]:
            continue
        try:
            raw = codec.read(cell, media)
        except CellError:
            continue
        if raw is not None:
            shown[name] = codec.show(raw)
    return shown


def _spelled(value: Any, labels: Sequence[str]) -> Any:
    """Return a truth value as the table spells it: ``true``, ``TRUE``, ``True``."""
    if not isinstance(value, bool):
        return value
    return next((label for label in labels if label.lower() == str(value).lower()), value)


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return "" if value is None else str(value)
