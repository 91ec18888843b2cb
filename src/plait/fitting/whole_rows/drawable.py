"""Which columns whole rows have: the others are left out before anything is read."""

from __future__ import annotations

from dataclasses import replace

from plait.data.table import Table
from plait.errors import SchemaError
from plait.fitting.setup.fit_config import FitConfig
from plait.whole_rows.reading import left_out


def drawable(table: Table, asked: FitConfig) -> FitConfig:
    """Return the settings with the columns left out that whole rows do not have.

    Raises `SchemaError` where none is left.
    """
    if not asked.choice.whole_rows:
        return asked
    without = left_out(table.schema)
    kept = [c.name for c in table.schema.columns if c.name not in (*without, *asked.exclude)]
    if not kept:
        raise SchemaError(
            "the table has no column that rows can be made of",
            expected="a column of numbers, dates, categories or sets of categories",
            received="; ".join(f"{name}: {why}" for name, why in without.items()),
            hint="say what a column is: --columns NAME=category",
        )
    values = {c.name for c in table.schema.values()}
    more = tuple(name for name in without if name in values and name not in asked.exclude)
    return replace(asked, exclude=(*asked.exclude, *more))
