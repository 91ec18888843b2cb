"""Forecasts of classic series by rolling origin, beside those of statsforecast: CRPS and MASE."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import benchmarks.peers
import plait
from benchmarks.data.classics import classic
from benchmarks.rows import Row
from benchmarks.settings import Settings

LEVELS = tuple(round(0.05 * i, 2) for i in range(1, 20))
"""Quantiles by which the continuous ranked probability score is summed."""

TESTED = 0.25
"""Of a series, its end, that is foreseen from each of its origins."""

BUDGET = "1m"
NORMAL_95 = 1.6448536269514722
PEERS = {"AutoETS": "statsforecast AutoETS", "SeasonalNaive": "statsforecast SeasonalNaive"}


@dataclass(frozen=True)
class Classic:
    """A series, and how it is foreseen.

    Attributes:
        name: See `benchmarks.data.classics`.
        season: Steps of a season, which the peers are told, and by which errors are scaled.
        horizon: Steps ahead.
        every: Steps between origins.
    """

    name: str
    season: int
    horizon: int
    every: int


CLASSICS = (
    Classic("airline", 12, 12, 3),
    Classic("lynx", 10, 10, 3),
    Classic("sunspots", 11, 11, 6),
)


def classics(settings: Settings) -> list[Row]:
    """Return the scores of every series, and their means."""
    scores = [_scores(one, settings) for one in CLASSICS[: 1 if settings.quick else None]]
    rows = [row for found, seconds in scores for row in _rows(found, seconds, settings)]
    return rows + (_means(rows, settings) if len(scores) > 1 else [])


def rolled(
    one: Classic, table: pa.Table, settings: Settings, share: float = TESTED
) -> tuple[dict[str, dict[str, float]], float]:
    """Return who -> metric -> score on the last share of a table, and plait's seconds.

    Everybody sees the values up to an origin. plait is fitted once, on what is before the first;
    the peers at each.
    """
    values = np.array(table["value"].to_pylist(), np.float64)
    first = round((1 - share) * len(values))
    origins = range(first, len(values) - one.horizon + 1, one.every)
    unit = np.abs(values[one.season : first] - values[: first - one.season]).mean()
    true = np.stack([values[origin : origin + one.horizon] for origin in origins])
    said, seconds = peer_quantiles(one, values, list(origins), settings), 0.0
    if settings.with_plait:
        began = time.monotonic()
        said["plait"] = _ours(one, table, first, list(origins), settings)
        seconds = time.monotonic() - began
    return {who: scored(quantiles, true, float(unit)) for who, quantiles in said.items()}, seconds


def scored(quantiles: np.ndarray, true: np.ndarray, unit: float) -> dict[str, float]:
    """Return CRPS (twice the mean pinball loss of `LEVELS`) and MASE, both in units of the mean
    absolute error of the seasonal naive in training (Hyndman and Koehler 2006).

    Args:
        quantiles: ``[origin, level, step]``.
        true: ``[origin, step]``.
        unit: That error.
    """
    gap = true[:, None] - quantiles
    levels = np.array(LEVELS)[None, :, None]
    pinball = np.maximum(levels * gap, (levels - 1) * gap)
    middle = quantiles[:, LEVELS.index(0.5)]
    return {
        "CRPS": float(2 * pinball.mean() / unit),
        "MASE": float(np.abs(true - middle).mean() / unit),
    }


def two_piece(middle: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return `LEVELS` of two half normals with these 5, 50 and 95 % quantiles,
    ``[level, step]``."""
    from statistics import NormalDist

    found = []
    for level in LEVELS:
        z = NormalDist().inv_cdf(level) / NORMAL_95
        found.append(middle + z * (middle - low if z < 0 else high - middle))
    return np.stack(found)


def peer_quantiles(
    one: Classic, values: np.ndarray, origins: Sequence[int], settings: Settings
) -> dict[str, np.ndarray]:
    """Run statsforecast in its own interpreter; see `benchmarks.peers.statsforecast_models`.

    Raises:
        RuntimeError: That interpreter has no statsforecast, or it failed.
    """
    script = Path(benchmarks.peers.__file__).with_name("statsforecast_models.py")
    asked = {
        "values": values.tolist(), "season": one.season, "horizon": one.horizon,
        "origins": [int(origin) for origin in origins], "levels": LEVELS,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        told, out = Path(folder) / "asked.json", Path(folder) / "said.json"
        told.write_text(json.dumps(asked), encoding="utf-8")
        command = [str(settings.peer_python), str(script), "--asked", str(told), "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(
                f"statsforecast did not run under {settings.peer_python}\n{done.stderr.strip()}\n"
                "hint: python -m venv peer-venv && peer-venv/bin/pip install statsforecast, "
                "then --peer-python peer-venv/bin/python"
            )
        said = json.loads(out.read_text(encoding="utf-8"))
    return {name: np.array(quantiles) for name, quantiles in said.items()}


def _ours(
    one: Classic, table: pa.Table, first: int, origins: Sequence[int], settings: Settings
) -> np.ndarray:
    """Return plait's quantiles, ``[origin, level, step]``."""
    model = plait.fit(
        table.slice(0, first), target="value", horizon=one.horizon, time="when",
        budget=settings.budget_or(BUDGET), seed=settings.seed, samples=False,
    )  # fmt: skip
    found = []
    for origin in origins:
        said: Any = model.predict(table.slice(0, int(origin)))
        ends = (np.array(said[f"value{end}"], np.float64) for end in ("", "_q05", "_q95"))
        found.append(two_piece(*ends))
    return np.stack(found)


def _scores(
    one: Classic, settings: Settings
) -> tuple[tuple[Classic, dict[str, dict[str, float]]], float]:
    found, seconds = rolled(one, classic(one.name), settings)
    return (one, found), seconds


def _rows(
    found: tuple[Classic, dict[str, dict[str, float]]], seconds: float, settings: Settings
) -> list[Row]:
    one, scores = found
    return [
        Row(
            benchmark="forecast",
            case=f"{one.name}, {one.horizon} steps",
            metric=metric,
            value=scores.get("plait", {}).get(metric),
            peer=PEERS[peer],
            peer_value=scores[peer][metric],
            seconds=seconds,
            seed=settings.seed,
        )
        for metric in ("CRPS", "MASE")
        for peer in PEERS
    ]


def _means(rows: Sequence[Row], settings: Settings) -> list[Row]:
    found = []
    for metric in ("CRPS", "MASE"):
        for peer in PEERS.values():
            own = [row for row in rows if (row.metric, row.peer) == (metric, peer)]
            ours = [row.value for row in own if row.value is not None]
            found.append(
                Row(
                    benchmark="forecast",
                    case="mean of the three",
                    metric=metric,
                    value=float(np.mean(ours)) if ours else None,
                    peer=peer,
                    peer_value=float(np.mean([row.peer_value for row in own])),
                    target="< peer",
                    seed=settings.seed,
                )
            )
    return found
