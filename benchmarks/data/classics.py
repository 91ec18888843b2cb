"""Classic series: airline passengers and the lynx within the package aeon (BSD), sunspots within
statsmodels (BSD; public domain)."""

from __future__ import annotations

import csv

import pyarrow as pa

from benchmarks.data.packages import pip_files
from benchmarks.data.series import PACKAGE

SUNSPOTS = "statsmodels==0.14.6"

FILES = {
    "airline": (PACKAGE, "aeon/datasets/data/Airline/Airline.csv"),
    "lynx": (PACKAGE, "aeon/datasets/data/Lynx/Lynx.csv"),
    "sunspots": (SUNSPOTS, "statsmodels/datasets/sunspots/sunspots.csv"),
}
NUM_STEPS = {"airline": 144, "lynx": 114, "sunspots": 309}
FIRST_YEARS = {"airline": 1949, "lynx": 1821, "sunspots": 1700}


def classic(name: str) -> pa.Table:
    """Return columns ``when`` (months of the airline's, else years) and ``value``.

    Passengers of a month in thousands (Box and Jenkins 1970), lynx trapped in a year in Canada
    (Campbell and Walker 1977), and the mean sunspot number of a year (SILSO, Brussels).
    """
    (path,) = pip_files(*FILES[name])
    with path.open(encoding="utf-8") as file:
        values = [float(row[-1]) for row in list(csv.reader(file))[1:] if row]
    if len(values) != NUM_STEPS[name]:
        raise ValueError(f"{name} has {len(values)} steps, expected {NUM_STEPS[name]}")
    every = 12 if name == "airline" else 1
    first = FIRST_YEARS[name] * every
    when = [f"{(first + i) // every}-{(first + i) % every + 1:02d}-01" for i in range(len(values))]
    return pa.table({"when": when, "value": values})
