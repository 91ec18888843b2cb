"""Rows on which what was exported is compared: how many, and made-up ones where none are told."""

from __future__ import annotations

import numpy as np

from plait.data.table import Table, read
from plait.model.model import Model

NUM_EXAMPLES = 24
"""Rows that are made up where no table tells any."""

MAX_COMPARED = 1024
"""Rows of a table on which a graph is compared with what it was made of."""

MAX_ALONE, MAX_HIDDEN = 16, 64
"""Of these: rows that are asked one by one, and rows that are asked without each column."""


def example_rows(model: Model, seed: int) -> Table:
    """Return rows of made-up cells, as each codec makes them, under a model's schema."""
    rng = np.random.default_rng(seed)
    codecs = model.shown
    rows = [{name: codecs[name].example(rng) for name in model.inputs} for _ in range(NUM_EXAMPLES)]
    return model.as_table(read(rows))
