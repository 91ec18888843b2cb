"""Rows to look at: a few test rows, shown as people see them, with what the model said."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.display import cell_text
from plait.fitting.records.shown_cells import show_cell
from plait.fitting.setup.problem import Problem
from plait.model.judges import labels_of
from plait.model.model import Model

NUM_SAMPLES, NUM_WORST = 12, 3
MAX_SAMPLE_BYTES = 1_500_000
"""Cells of later rows are left out past this size, so that pages stay small."""


def make_samples(
    model: Model, problem: Problem, rows: np.ndarray, outputs: np.ndarray, *, seed: int
) -> list[dict[str, Any]]:
    """Return up to 12 of `rows` with inputs rendered, a quarter of them where the model errs most.

    `outputs` are what the model says of the rows, ``[row, output]``.

    Each is ``{"row", "cells": {column: html}, "truth", "prediction", "confidence", "right",
    "drawn"}`` and what its form adds: ``second`` (label and probability of the next best class),
    ``missed`` and ``extra`` (labels), or ``q05`` and ``q95``. ``drawn`` is ``lot`` or ``worst``;
    ``right`` of a number is whether the truth lies within its 90 % interval.
    """
    if not len(rows):
        return []
    truth = problem.truth[rows]
    cost = problem.target_codec.cost(outputs, truth)
    chosen, num_worst = _pick(cost, seed)
    answer = model.ensemble.answer(outputs[chosen])
    codec = problem.target_codec
    as_written = getattr(model.target_codec, "as_written", list)
    predictions = as_written(answer["prediction"])
    found, size = list[dict[str, Any]](), 0
    for place, number in enumerate(chosen):
        row = int(rows[number])
        cells = _cells(problem, row)
        size += sum(map(len, cells.values()))
        found.append(
            {
                "row": row,
                "cells": cells if size <= MAX_SAMPLE_BYTES or not found else {},
                "truth": cell_text(problem.table.column(str(problem.target), [row])[0]),
                "prediction": cell_text(predictions[place]),
                "confidence": float(answer["confidence"][place]),
                "drawn": "worst" if place >= len(chosen) - num_worst else "lot",
                **codec.form.tell(labels_of(codec), outputs[number], truth[number]),
            }
        )
    return found


def _pick(cost: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Return places drawn by lot, then the worst, and how many of the worst there are."""
    worst = np.argsort(-cost, kind="stable")[:NUM_WORST]
    others = np.setdiff1d(np.arange(len(cost)), worst)
    rng = np.random.default_rng(seed)
    num = min(len(others), NUM_SAMPLES - len(worst))
    drawn = rng.choice(others, num, replace=False)
    return np.concatenate([drawn, worst]).astype(np.int64), len(worst)


def _cells(problem: Problem, row: int) -> dict[str, str]:
    shown = {name: show_cell(problem, row, name) for name in problem.inputs}
    return {name: html for name, html in shown.items() if html is not None}
