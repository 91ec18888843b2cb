"""A made-up series of days that goes by the week, with noise whose size is known."""

from __future__ import annotations

import datetime

import numpy as np

START = datetime.date(2024, 1, 1)


def days(num, seed):
    """Return rows of a table in time; the noise has a standard deviation of .2."""
    rng = np.random.default_rng(seed)
    return [
        {
            "when": str(START + datetime.timedelta(days=day)),
            "load": 9 + np.sin(2 * np.pi * day / 7) + 0.2 * float(rng.normal()),
        }
        for day in range(num)
    ]
