"""Takes what scikit-learn passes as X (frames, arrays, lists) apart into columns of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.utils.validation import check_array, validate_data

from plait.types import Cell, is_missing

Columns = dict[str, list[Cell]]


def columns_of(
    estimator: Any, x: Any, *, reset: bool, least: int | None = None
) -> tuple[Columns, dict[str, str]]:
    """Return the columns of X, and the modalities of those that can only be numbers.

    Columns of arrays are ``x0``, ``x1``...; those of frames keep their names. Sets
    ``n_features_in_``, and ``feature_names_in_`` where X names its columns, on `reset`, and checks
    them else. Raises scikit-learn's own errors.

    Args:
        estimator: Whose fit or prediction this is.
        x: DataFrame, Arrow table, array, list of lists, or list of dicts.
        reset: Whether this is a fit.
        least: Rows, at least; None takes 2 at a fit, else 1.
    """
    least = least or (2 if reset else 1)
    if isinstance(x, list | tuple) and x and isinstance(x[0], Mapping):
        return _of_rows(estimator, x, reset, least)
    if hasattr(x, "columns") and hasattr(x, "shape"):
        return _of_frame(estimator, x, reset, least)
    array = check_array(
        x,
        dtype=None,
        ensure_all_finite=False,
        ensure_min_samples=least,
        estimator=estimator,
        input_name="X",
    )
    if array.dtype.kind in "biuf":
        array = check_array(array, ensure_all_finite="allow-nan", input_name="X")
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported by plait")
    validate_data(
        estimator, x if hasattr(x, "shape") else array, reset=reset, skip_check_array=True
    )
    names = [f"x{place}" for place in range(array.shape[1])]
    columns = {name: array[:, place].tolist() for place, name in enumerate(names)}
    numeric = array.dtype.kind in "biuf"
    return columns, {n: "number" for n, cells in columns.items() if numeric or _are_numbers(cells)}


def _of_frame(estimator: Any, x: Any, reset: bool, least: int) -> tuple[Columns, dict[str, str]]:
    """Return the columns of a DataFrame of pandas or polars, or of an Arrow table."""
    validate_data(estimator, x, reset=reset, skip_check_array=True)
    if len(x) < least:
        raise ValueError(
            f"Found array with {len(x)} sample(s) (shape={tuple(x.shape)}) while a minimum of "
            f"{least} is required by {type(estimator).__name__}."
        )
    columns, numbers = {}, {}
    for name in getattr(x, "column_names", x.columns):
        series = x[name]
        columns[str(name)] = list(
            series.to_pylist() if hasattr(series, "to_pylist") else series.to_list()
        )
        kind = str(getattr(series, "dtype", getattr(series, "type", ""))).lower()
        if kind.startswith(("float", "double", "halffloat")):
            _check_finite(str(name), columns[str(name)])
            numbers[str(name)] = "number"
    return columns, numbers


def _of_rows(
    estimator: Any, rows: Sequence[Mapping[str, Any]], reset: bool, least: int
) -> tuple[Columns, dict[str, str]]:
    """Return the columns of dicts: all keys at a fit, later those that the fit saw."""
    known = None if reset else getattr(estimator, "feature_names_in_", None)
    names = list(dict.fromkeys(key for row in rows for key in row) if known is None else known)
    # Cells may be anything, so that a frame which holds only the names tells scikit-learn of them.
    _of_frame(estimator, pa.table({n: pa.nulls(len(rows)) for n in names}), reset, least)
    columns: Columns = {str(name): [row.get(name) for row in rows] for name in names}
    numbers = {
        name: "number"
        for name, cells in columns.items()
        if _are_numbers(cells) and any(isinstance(cell, float) for cell in cells)
    }
    for name in numbers:
        _check_finite(name, columns[name])
    return columns, numbers


def _check_finite(name: str, cells: list[Cell]) -> None:
    array = np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    if np.isinf(array).any():
        raise ValueError(f"Input X contains infinity in column '{name}'.")


def _are_numbers(cells: list[Cell]) -> bool:
    found = [cell for cell in cells if not is_missing(cell)]
    return bool(found) and all(
        isinstance(cell, int | float) and not isinstance(cell, bool) for cell in found
    )
