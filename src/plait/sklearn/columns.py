"""Takes what scikit-learn passes as X (frames, arrays, lists) apart into columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from plait.types import Cell, is_missing

Columns = dict[str, list[Cell]]


def columns_of(estimator: Any, x: Any, *, reset: bool) -> tuple[Columns, dict[str, str]]:
    """Return the columns of X, and the modalities of those that can only be numbers.

    Columns of arrays are ``x0``, ``x1``...; those of frames keep their names. Sets
    ``n_features_in_``, and ``feature_names_in_`` where X names its columns, on `reset`, and checks
    them else. Raises scikit-learn's own errors.

    Args:
        estimator: Whose fit or prediction this is.
        x: DataFrame, array, list of lists, or list of dicts.
        reset: Whether this is a fit.
    """
    least = 2 if reset else 1
    if isinstance(x, list | tuple) and x and isinstance(x[0], Mapping):
        x = _frame_like(x, None if reset else getattr(estimator, "feature_names_in_", None))
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
    """Return the columns of a DataFrame of pandas or polars, or of dicts."""
    validate_data(estimator, x, reset=reset, skip_check_array=True)
    if len(x) < least:
        raise ValueError(
            f"Found array with {len(x)} sample(s) (shape={tuple(x.shape)}) while a minimum of "
            f"{least} is required by {type(estimator).__name__}."
        )
    columns, numbers = {}, {}
    for name in x.columns:
        series = x[name]
        columns[str(name)] = list(series.to_list())
        if str(series.dtype).lower().startswith("float"):
            _check_finite(str(name), columns[str(name)])
            numbers[str(name)] = "number"
    return columns, numbers


def _check_finite(name: str, cells: list[Cell]) -> None:
    array = np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    if np.isinf(array).any():
        raise ValueError(f"Input X contains infinity in column '{name}'.")


def _frame_like(rows: Any, names: Any) -> Any:
    """Return a list of dicts as a pandas DataFrame with all their keys."""
    import pandas

    frame = pandas.DataFrame.from_records([dict(row) for row in rows])
    return frame if names is None else frame.reindex(columns=list(names))


def _are_numbers(cells: list[Cell]) -> bool:
    found = [cell for cell in cells if not is_missing(cell)]
    return bool(found) and all(
        isinstance(cell, int | float) and not isinstance(cell, bool) for cell in found
    )
