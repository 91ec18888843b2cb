"""What an answer costs: milliseconds and joules of single rows, from cells to answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.table import Table
from plait.edge import load as load_edge
from plait.energy import Meter
from plait.errors import BundleError, ExtraError, PlaitError
from plait.footprint import of_thousand
from plait.model.backbone_column import BackboneColumn
from plait.model.model import Model
from plait.model.whole_rows import WholeRows

LEAST_TIMES, TIMED_SECONDS, MOST_TIMES = 64, 1.5, 20_000
"""Answers at least, seconds after which it is enough, and answers at most."""

FEW_TIMES, FEW_SECONDS, NOT_MANY = 3, 0.1, 30
"""The same of a fit, which has no time for more."""

MOST_ROWS = 32
"""Different rows that are asked."""

EDGE, MODEL = "edge", "model"

Answering = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True)
class Answered:
    """What single answers took.

    Attributes:
        ms, ms_slow: Milliseconds of an answer: the median, and 99 in 100.
        joules: Of an answer, in the mean.
        method: How the joules are known.
        engine: What answered; see `as_shipped`.
    """

    ms: float
    ms_slow: float
    joules: float
    method: str
    engine: str = MODEL


def rows_to_ask(
    table: Table, inputs: Sequence[str], places: Sequence[int] | np.ndarray
) -> list[dict[str, Any]]:
    """Return some rows of a table as a person would ask: input column -> cell."""
    some = np.asarray(places, np.int64)[:MOST_ROWS]
    cells = {name: table.column(name, some) for name in inputs}
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def as_shipped(
    path: Path, model: Model, row: Mapping[str, Any], root: Path
) -> tuple[Answering, str]:
    """Return what answers a row of a bundle, the edge runtime where it can, else the model; and
    which it is, `EDGE` or `MODEL`.

    Args:
        path, model: The bundle, and the model of it.
        row: One to try.
        root: Folder that paths in cells are relative to.
    """
    try:
        edge = load_edge(path)
        edge.predict([dict(row)], root=root)
    except (BundleError, ExtraError):
        return lambda row: model.predict([dict(row)], root=root), MODEL
    return lambda row: edge.predict([dict(row)], root=root), EDGE


def time_answers(
    answer: Answering,
    rows: Sequence[Mapping[str, Any]],
    *,
    engine: str = MODEL,
    least: int = LEAST_TIMES,
    seconds: float = TIMED_SECONDS,
    most: int = MOST_TIMES,
) -> Answered:
    """Ask rows one by one, warm, and return what that took.

    Args:
        answer: Answers a row.
        rows: Are asked in turn.
        engine: What answers, to be told.
        least: Answers, unless they take four times the seconds.
        seconds: After which it is enough.
        most: Answers at most, be a clock's step ever so coarse.
    """
    answer(rows[0])
    meter = Meter()
    began, found = time.perf_counter(), list[float]()
    while len(found) < least or (len(found) < most and time.perf_counter() - began < seconds):
        row = rows[len(found) % len(rows)]
        start = time.perf_counter()
        answer(row)
        found.append(1e3 * (time.perf_counter() - start))
        if time.perf_counter() - began > 4 * seconds:
            break
    joules, method = meter.energy()
    ms, slow = (float(one) for one in np.percentile(found, [50, 99]))
    return Answered(ms, slow, joules / len(found), method, engine)


def answers_told(model: Model, table: Table, places: np.ndarray) -> dict[str, Any]:
    """Return what answers of a model in memory cost, as the bundle's record of energy holds it.

    Rows in time are answered together, and shared spaces and whole rows answer nothing: {}.

    Args:
        model: What ships.
        table: Its table.
        places: Rows to ask.
    """
    if model.target is None or model.in_time is not None or isinstance(model, WholeRows):
        return {}
    if not len(places):
        return {}
    if any(isinstance(one, BackboneColumn) for one in model.derived_columns):
        return {"answers": {"why": "pretrained encoders are not loaded for it: plait bench tells"}}
    rows, root = rows_to_ask(table, model.inputs, places[:FEW_TIMES]), table.root

    def answer(row: Mapping[str, Any]) -> object:
        return model.predict([dict(row)], root=root, on_error="skip")

    try:
        found = time_answers(answer, rows, least=FEW_TIMES, seconds=FEW_SECONDS, most=NOT_MANY)
    except PlaitError as error:
        return {"answers": {"why": error.what}}
    told = of_thousand(found.joules, found.method)
    return {"answers": {**told, "ms": found.ms}}
