"""Columns that are known ahead (prices, holidays): what they are told as, and what must be there.

Numbers are told as they are; categories as a channel for each of their labels, 1 where it is so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.data.table import Table
from plait.errors import TableError, TargetError, UsageError, no_column
from plait.modalities import traits_of_modality
from plait.types import is_missing

MOST_LABELS = 32
"""Of a column that is known ahead, the most frequent; others are told as none of them."""


def labels_ahead(
    table: Table, known: Sequence[str], said: Sequence[str | None]
) -> dict[str, tuple[str, ...]]:
    """Return column -> the labels it is told as; () for a number.

    Args:
        table: The rows in time.
        known: Columns that are known ahead.
        said: Columns that are something else: targets, time, group, split.

    Raises:
        ColumnError: There is no such column.
        UsageError: One is something else already.
        TargetError: One is neither of numbers nor of categories.
    """
    found = {}
    for name in known:
        if name not in table.column_names:
            raise no_column(name, table.column_names)
        if name in said:
            raise UsageError(
                f"'{name}' cannot be known ahead",
                expected="a column beside the target, the time and the group",
                received=name,
            )
        traits = traits_of_modality(table.schema[name].modality)
        if not (traits.amount or traits.labels):
            raise TargetError(
                "only numbers and categories are known ahead",
                expected="a column of numbers or of categories",
                received=f"{table.schema[name].modality or table.schema[name].role}",
                column=name,
                hint=f"if it is one, say so: --columns {name}=category",
            )
        found[name] = () if traits.amount and not traits.moment else _labels(table, name)
    return found


def numbers_ahead(
    table: Table, labels: Mapping[str, Sequence[str]], numbers: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return what is known ahead of each row, float64 ``[row, channel]``, NaN where nothing is.

    Args:
        table: The rows in time.
        labels: Column -> its labels; () for a number.
        numbers: The columns of numbers, float64 ``[row]``.

    Raises `TableError` where a column is not there.
    """
    found = [np.zeros((table.num_rows, 0))]
    for name, own in labels.items():
        if name not in table.column_names:
            raise TableError(
                "a column that was known ahead when the forecast was learned is not there",
                expected=f"a column '{name}', also for the steps to be forecast",
                received=", ".join(table.column_names),
                column=name,
            )
        if not own:
            found.append(numbers[name][:, None])
            continue
        cells = _texts(table, name)
        told = [[float(one == cell) for one in own] for cell in cells]
        missing = np.array([cell is None for cell in cells], bool)[:, None]
        found.append(np.where(missing, np.nan, np.array(told).reshape(len(cells), len(own))))
    return np.concatenate(found, axis=1)


def channels_of(labels: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the column of each channel of `numbers_ahead`."""
    return tuple(name for name, own in labels.items() for _ in own or [name])


def check_ahead(
    labels: Mapping[str, Sequence[str]],
    ahead: np.ndarray,
    row_of: Sequence[int],
    horizon: int,
    who: str,
) -> None:
    """Raise `TableError` where something that is known ahead is missing for a step to be forecast.

    Args:
        labels: Column -> its labels.
        ahead: float64 ``[step, channel]`` of the rows after the last known target.
        row_of: The row of the table of each of these steps.
        horizon: Steps to be forecast.
        who: Name of the series; "" where there is but one.
    """
    of = f" of '{who}'" if who else ""
    if len(ahead) < horizon:
        raise TableError(
            f"too few rows{of} tell what is known ahead",
            expected=f"{horizon:,} rows after the last known target, with "
            + ", ".join(labels)
            + " and an empty target",
            received=f"{len(ahead):,} rows",
            column=next(iter(labels)),
            row=int(row_of[-1]) if len(row_of) else None,
            hint="add a row for each step to be forecast, or fit without --known",
        )
    steps, channels = np.nonzero(np.isnan(ahead[:horizon]))
    if len(steps):
        raise TableError(
            f"what is known ahead is missing for step {int(steps[0]) + 1}{of}",
            expected="a value in each row to be forecast",
            received="nothing",
            column=channels_of(labels)[int(channels[0])],
            row=int(row_of[int(steps[0])]),
            hint="fill it, or fit without it among --known",
        )


def _labels(table: Table, name: str) -> tuple[str, ...]:
    counted = Counter(cell for cell in _texts(table, name) if cell is not None)
    usual = sorted(counted, key=lambda one: (-counted[one], one))[:MOST_LABELS]
    return tuple(sorted(usual))


def _texts(table: Table, name: str) -> list[str | None]:
    found: list[str | None] = []
    for _, cells in table.batches([name]):
        found += [_text(cell) for cell in cells[name]]
    return found


def _text(cell: Any) -> str | None:
    return None if is_missing(cell) else str(cell).strip()
