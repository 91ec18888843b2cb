"""Intervals of numbers: how many rows lie in them, for each set of columns that a row may have."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from benchmarks.data.gaps import TABLES, with_gaps
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "20s"
LEARNED = (1200, 4000)
"""Rows of a fit: the first is cross-fitted, the second has validation rows of its own."""

TESTED = 6000
LEAST_ROWS = 50
"""Sets of columns that so many rows to learn from have are counted."""

WITH_GAPS = 3
"""Input columns that have gaps, of each table."""

NUM_DRAWS = 4
"""Fits of each table and size: a single one's coverage of a small set is mostly chance."""

Part = tuple[float, float]


def run(settings: Settings) -> list[Row]:
    """Fit each table with gaps and count new rows inside their intervals, set by set."""
    if not settings.with_plait:
        return []
    rows = []
    for name in TABLES:
        for num_rows in LEARNED[: 1 if settings.quick else None]:
            rows += _measure(name, num_rows, settings)
    return rows


def _measure(name: str, num_rows: int, settings: Settings) -> list[Row]:
    began = time.monotonic()
    draws = [_draw(name, num_rows, draw, settings) for draw in range(_num_draws(settings))]
    seconds = (time.monotonic() - began) / len(draws)
    of_set = _pooled([natural for natural, _ in draws])
    without = _pooled([hidden for _, hidden in draws])
    whole = _share(part for natural, _ in draws for part in natural.values())
    least, most = min(of_set, key=of_set.__getitem__), max(of_set, key=of_set.__getitem__)
    worst = min(without, key=without.__getitem__)
    sets = f"{len(of_set)} sets of columns, {len(draws)} fits, {TESTED:,} new rows each"
    values = [
        ("share in 90 % intervals", whole, "", ""),
        ("least of all sets", of_set[least], ">= 0.87", f"{sets}; {least}"),
        ("largest of all sets", of_set[most], "<= 0.93", f"{sets}; {most}"),
        ("one column gone, the least", without[worst], ">= 0.87", f"without {worst}"),
    ]
    case = f"{name}, {num_rows:,} rows"
    return [
        Row(
            benchmark="coverage", case=case, metric=metric, value=value, target=target,
            seed=settings.seed, seconds=seconds, note=note,
        )
        for metric, value, target, note in values
    ]  # fmt: skip


def _num_draws(settings: Settings) -> int:
    return 1 if settings.quick else NUM_DRAWS


def _draw(
    name: str, num_rows: int, draw: int, settings: Settings
) -> tuple[dict[str, Part], dict[str, Part]]:
    """Return (covered, rows) of each set of columns, and of each column missing everywhere."""
    import plait

    make, target, group = TABLES[name]
    rng = np.random.default_rng([settings.seed, draw, num_rows])
    learned, tested = _halves(make(rng, num_rows + TESTED), num_rows, group)
    inputs = [column for column in learned.column_names if column not in (target, group)]
    gapped = tuple(inputs[:WITH_GAPS])
    learned, tested = with_gaps(learned, gapped, rng), with_gaps(tested, gapped, rng)
    model = plait.fit(
        plait.read(learned), target=target, group=group, budget=settings.budget_or(BUDGET),
        seed=settings.seed + draw, samples=False, encoders="none",
    )  # fmt: skip
    scored = model.evaluate(plait.read(tested))
    expected = LEAST_ROWS * tested.num_rows / learned.num_rows
    natural = {
        columns: (part["metrics"]["coverage"] * part["rows"], part["rows"])
        for columns, part in scored["by_present"].items()
        if part["rows"] >= expected
    }
    hidden = {}
    for column in inputs:
        found = model.evaluate(tested.drop_columns([column]))
        hidden[column] = (found["metrics"]["coverage"] * found["rows"], found["rows"])
    return natural, hidden


def _pooled(draws: list[dict[str, Part]]) -> dict[str, float]:
    """Return the share covered of each set that every draw has."""
    names = set.intersection(*(set(draw) for draw in draws))
    return {name: _share(draw[name] for draw in draws) for name in names}


def _share(parts: Iterable[Part]) -> float:
    covered, rows = np.sum([*parts], axis=0)
    return float(covered / rows)


def _halves(table: pa.Table, num_rows: int, group: str | None) -> tuple[pa.Table, pa.Table]:
    """Return about `num_rows` rows to learn from and the rest, no group on both sides."""
    if group is None:
        return table.slice(0, num_rows), table.slice(num_rows)
    values = np.array(table[group].to_pylist())
    names = np.unique(values)
    inside = np.isin(values, names[: round(len(names) * num_rows / table.num_rows)])
    return table.filter(pa.array(inside)), table.filter(pa.array(~inside))
