"""Answer: predictions, one row per row asked, as rows, as columns, or as a table."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from plait.display import first_rows, html_table, text_rows
from plait.errors import UsageError
from plait.installation import pip_install
from plait.types import Html, MadeFile

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NUM_COLUMNS = 6
"""Columns of an answer that a console or a notebook shows; the rest are counted."""


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """Predictions as columns for people.

    >>> answer = Answer({"prediction": ["boot", "hat"], "confidence": np.array([0.5, 1.0])})
    >>> len(answer), answer[1], answer["prediction"]
    (2, {'prediction': 'hat', 'confidence': 1.0}, ['boot', 'hat'])

    Attributes:
        columns: Column name -> array or list with one entry per row, beginning with ``prediction``.
        notes: What was decided of rows in time, one sentence each: their order, gaps, new items.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the rows one by one, each a dict."""
        return (self[row] for row in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | np.ndarray) -> Answer: ...
    def __getitem__(self, key: Any) -> Any:
        """Return a row (by number) as a dict, a column (by name), or some rows as an `Answer`.

        Raises:
            IndexError: There is no such row.
            UsageError: There is no such column.
        """
        if isinstance(key, str):
            if key not in self.columns:
                raise UsageError(
                    f"the answer has no column '{key}'",
                    expected="one of " + ", ".join(self.columns),
                )
            return self.columns[key]
        if isinstance(key, slice):
            return Answer({name: values[key] for name, values in self.columns.items()})
        if isinstance(key, int | np.integer):
            row = range(len(self))[int(key)]
            return {name: _plain(values[row]) for name, values in self.columns.items()}
        places = np.arange(len(self))[np.asarray(key)]
        return Answer({name: _taken(values, places) for name, values in self.columns.items()})

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts of plain Python values, ready for JSON; files are bytes."""
        plain = {name: _plain(values) for name, values in self.columns.items()}
        return [dict(zip(plain, cells, strict=True)) for cells in zip(*plain.values(), strict=True)]

    def to_arrow(self) -> pa.Table:
        """Return an Arrow table; generated files are bytes.

        Raises `UsageError` where pyarrow is not installed, as in the smallest installations.
        """
        try:
            import pyarrow as pa
        except ModuleNotFoundError:
            raise UsageError(
                "pyarrow is not installed",
                expected="pyarrow, to make an Arrow table",
                hint=f"{pip_install()} pyarrow; to_dicts works without it",
            ) from None

        return pa.table({n: pa.array(_without_files(v)) for n, v in self.columns.items()})

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas DataFrame. Raises `UsageError` where pandas is not installed."""
        return frame_of(dict(self.columns))

    def __repr__(self) -> str:
        rows, note = first_rows(len(self), 4)
        names = list(self.columns)[:4]
        shown = text_rows(names, [[self.columns[name][row] for name in names] for row in rows])
        left = len(self.columns) - len(names)
        more = [note] if note else []
        more += [f"and {left} more columns"] if left else []
        title = f"Answer({len(self)} rows, {len(self.columns)} columns)"
        return "\n".join([title, *([shown] if names and len(rows) else []), *more])

    def _repr_html_(self) -> Html:
        rows, note = first_rows(len(self))
        names = list(self.columns)[:NUM_COLUMNS]
        left = len(self.columns) - len(names)
        more = f"and {left} more columns: .to_pandas() has them all" if left else ""
        cells = [[_plain(self.columns[name][row]) for name in names] for row in rows]
        title = f"Answer: {len(self):,} rows"
        return html_table(title, names, cells, note="; ".join(filter(None, (note, more))))


def frame_of(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns as a pandas DataFrame. Raises `UsageError` where pandas is not installed."""
    try:
        pandas = importlib.import_module("pandas")
    except ModuleNotFoundError:
        raise UsageError(
            "pandas is not installed",
            expected="pandas, to make a DataFrame",
            hint=f"{pip_install()} pandas; to_arrow and to_dicts work without it",
        ) from None
    return pandas.DataFrame({name: _plain_column(values) for name, values in columns.items()})


def _plain(value: Any) -> Any:
    """Return NumPy numbers and arrays as Python's own, and generated files as their bytes."""
    if isinstance(value, list) and any(isinstance(one, MadeFile) for one in value):
        return _without_files(value)
    if isinstance(value, MadeFile):
        return value.content
    return value.tolist() if hasattr(value, "tolist") else value


def _without_files(values: Any) -> Any:
    """Return a column whose generated files are their bytes."""
    if isinstance(values, np.ndarray):
        return values
    return [one.content if isinstance(one, MadeFile) else one for one in values]


def _plain_column(values: Any) -> Any:
    """Return a column that a DataFrame takes: one dimension, or a list of its rows."""
    return list(values) if getattr(values, "ndim", 1) > 1 else values


def _taken(values: Any, places: np.ndarray) -> Any:
    return values[places] if isinstance(values, np.ndarray) else [values[i] for i in places]
