"""What a row takes by a model, from cells to answer: for an export to say which is the quickest."""

from __future__ import annotations

from plait.compress.example_rows import example_rows
from plait.data.table import Table
from plait.edge.timing import timed
from plait.model.model import Model

NUM_ROWS, SECONDS = 16, 0.3


def ms_of_rows(model: Model, table: Table | None, seed: int) -> float | None:
    """Return the median milliseconds of one row, warm; None where rows are answered together.

    Args:
        model: With a target.
        table: Whose rows are asked; None makes some up.
        seed: Of rows that are made up.
    """
    if model.in_time is not None:
        return None
    rows = example_rows(model, seed) if table is None else table
    some = rows.take(range(min(NUM_ROWS, rows.num_rows)))
    names = [name for name in model.inputs if name in some.column_names]
    cells = zip(*(some.column(name) for name in names), strict=True)
    asked = [dict(zip(names, row, strict=True)) for row in cells]
    root, on_error = rows.root.resolve(), rows.policy.on_error
    found = timed(lambda one: model.predict(one, root=root, on_error=on_error), asked, SECONDS, ())
    return float(found["p50_ms"])
