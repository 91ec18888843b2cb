"""AutoETS and the seasonal naive of statsforecast by rolling origin; run by a Python that has it.

``python statsforecast_models.py --asked asked.json --out said.json``: `asked` has ``values``,
``season``, ``horizon``, ``origins`` and ``levels``; what is written is peer -> for each origin the
quantiles of each step, ``[origin][level][step]``. Each is fitted anew at every origin. It imports
nothing of plait: statsforecast may live in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np


def main() -> None:
    """Read what is asked, let every model say it, write what they said."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--asked", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    asked = json.loads(arguments.asked.read_text(encoding="utf-8"))
    said = {name: run(name, asked) for name in ("AutoETS", "SeasonalNaive")}
    arguments.out.write_text(json.dumps(said), encoding="utf-8")


def run(name: str, asked: dict) -> list[list[list[float]]]:
    """Return the quantiles that a model gives at each origin."""
    from statsforecast import models

    values, found = np.array(asked["values"], np.float64), []
    spans = sorted({round(abs(200 * level - 100), 6) for level in asked["levels"]} - {0.0})
    for origin in asked["origins"]:
        model = getattr(models, name)(season_length=asked["season"])
        said = model.forecast(y=values[:origin], h=asked["horizon"], level=spans)
        found.append([_quantile(said, level).tolist() for level in asked["levels"]])
    return found


def _quantile(said: dict, level: float) -> np.ndarray:
    span = round(abs(200 * level - 100), 6)
    if span == 0.0:
        return np.asarray(said["mean"])
    written = int(span) if float(span).is_integer() else span
    side = "lo" if level < 0.5 else "hi"
    return np.asarray(
        said[f"{side}-{written}" if f"{side}-{written}" in said else f"{side}-{span}"]
    )


if __name__ == "__main__":
    main()
