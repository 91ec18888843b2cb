"""Forecasts: a transformer's loads (ETTh1) as papers judge them, and classics by rolling origin."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

import plait
from benchmarks.data.given import ETT_HOURS, etth1
from benchmarks.rolling import classics
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.data.windows.parts import PARTS
from plait.data.windows.rows import Window, WindowRows, window_table
from plait.data.windows.scale import Scale, spread_of
from plait.data.windows.steps import Steps, read_steps
from plait.model.made import raw_of

BUDGET = "2m"
TARGETS = {96: "<= 0.370", 720: "<= 0.430"}
DAY = 24
"""Hours that the peer repeats."""

MOST_TESTED = 700
"""Windows of the test, evenly spread: every fourth hour."""


def run(settings: Settings) -> list[Row]:
    """Forecast all seven columns for each horizon, errors in units of the training spread; and
    classic series beside statsforecast."""
    table = plait.read(etth1(settings.data), columns={"part": "split"})
    horizons = (DAY,) if settings.quick else tuple(TARGETS)
    rows = [row for horizon in horizons for row in _horizon(table, horizon, settings)]
    return rows + classics(settings)


def _horizon(table: Any, horizon: int, settings: Settings) -> list[Row]:
    names = [name for name in table.column_names if name not in ("date", "part")]
    numbers = np.array([table.column(name) for name in names], np.float64).T
    learned = numbers[: ETT_HOURS[0]]
    scale = learned.mean(0), learned.std(0)
    row = Row(
        benchmark="forecast", case=f"ETTh1, {horizon} hours, 7 columns", metric="MSE",
        target=TARGETS.get(horizon, ""), seed=settings.seed,
    )  # fmt: skip
    begins = np.linspace(sum(ETT_HOURS[:2]), len(numbers) - horizon, MOST_TESTED).astype(int)
    true = np.stack([numbers[one : one + horizon] for one in begins])
    days = np.stack([np.resize(numbers[one - DAY : one], (horizon, len(names))) for one in begins])
    peer = {"peer": "the last day again", "peer_value": _error(days, true, scale)}
    if not settings.with_plait:
        return [replace(row, **peer)]
    began = time.monotonic()
    model = plait.fit(
        table, target=",".join(names), horizon=horizon, time="date",
        split="part", budget=settings.budget_or(BUDGET), seed=settings.seed, samples=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    made = _made(model, table, begins)
    found = row.scored(_error(made, true, scale), seconds, f"shipped: {model.summary()['shipped']}")
    told = {one["name"]: one["metrics"]["mse"] for one in model.records["metrics"]["candidates"]}
    network = replace(row, case=f"{row.case}, the network alone", target="")
    alone = network.scored(told["deep"], seconds) if "deep" in told else network
    held = row.scored(model.records["metrics"]["coverage"], seconds)
    held = replace(held, case=f"{row.case}: 90 % intervals", metric="share held", target="")
    return [replace(found, **peer), replace(alone, note="windows that fit looks at"), held]


def _made(model: Any, table: Any, begins: np.ndarray) -> np.ndarray:
    """Return forecasts from each of these hours on, ``[window, hour, column]``."""
    plan = model.forecast.plan
    series: list[Steps] = read_steps(table, plan)
    windows = [Window(0, int(one), PARTS[2]) for one in begins]
    asked = window_table(table, plan, WindowRows(table, plan, series, windows))
    values = series[0].values
    scales = [
        Scale.of(values[one - plan.lookback : one], spread_of(values[:one])) for one in begins
    ]
    made = raw_of(model.outputs_of(asked))
    return np.stack([s.back(one.values) for s, one in zip(scales, made, strict=True)])


def _error(made: np.ndarray, true: np.ndarray, scale: tuple[np.ndarray, np.ndarray]) -> float:
    return float((((made - true) / scale[1]) ** 2).mean())
