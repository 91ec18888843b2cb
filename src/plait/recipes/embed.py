"""Embed: a bundle and a table in, one vector per row out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from plait.arrow import array
from plait.data.row_ids import row_ids
from plait.data.table import read
from plait.errors import UsageError
from plait.listening import heard, listened
from plait.model.columns import missing_columns, notes_on
from plait.model.loading import load
from plait.model.model import Model
from plait.model.unread import counting_unread
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.outputs import check_output
from plait.writing import write_whole


@listened
def embed(
    bundle: Model | Path | str,
    table: Any,
    *,
    out: Path | str | None = None,
    weights: Mapping[str, float] | None = None,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> Any:
    """Return the rows' vectors; with `out`, write ids and vectors and return what was done.

    The file has a column ``id`` (the table's id column, else the row number as text) and a column
    ``vector``: a list of float32 of length 1 together, or null for rows without any input column.

    Args:
        bundle: A bundle with a shared space, or its model.
        table: Rows with any subset of its input columns.
        out: ``.parquet`` file, which appears whole or not at all; None writes none.
        weights: Column -> weight in a row's mean, 1 by default.
        force: Whether a file at `out` is replaced; never the table or the bundle.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Returns:
        Without `out`, float32 ``[row, dim]``, as `Model.embed`. With it, a dict: ``rows``,
        ``empty`` (rows without a vector), ``dim``, ``key`` (of the space), ``out``, ``warnings``,
        ``missing_columns`` and ``notes``, as of `plait.recipes.predict.predict`.

    Raises:
        UsageError: When `out` has another ending or exists, or a weight's column is unknown.
        TargetError: When the bundle holds no shared space.
    """
    told = heard(progress)
    if out is None:
        model = bundle if isinstance(bundle, Model) else load(bundle)
        return model.embed(read(table, **reading), weights=weights, progress=told)
    out = Path(out)
    if out.suffix != ".parquet":
        raise UsageError(
            "unknown kind of output file",
            expected=".parquet",
            received=out.name,
            hint="name it with --out vectors.parquet",
        )
    place = check_output(out, table, bundle, force=force)
    rows = read(table, **reading)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    space = model.space
    with counting_unread() as unread:
        vectors = model.embed(rows, weights=weights, progress=told)
    missing = missing_columns(model.inputs, rows.column_names)
    there = np.abs(vectors).sum(1) > 0
    _write(place, row_ids(rows), vectors, there)
    empty = int((~there).sum())
    return {
        "rows": len(vectors),
        "empty": empty,
        "dim": space.dim,
        "key": space.key,
        "out": str(out),
        "warnings": [*space.warnings, *unread.warnings],
        "missing_columns": missing,
        "notes": [*rows.notes, *notes_on(missing)],
    }


def _write(out: Path, ids: list[str], vectors: np.ndarray, there: np.ndarray) -> None:
    kind = pa.list_(pa.float32(), vectors.shape[1])
    flat = array(np.ascontiguousarray(vectors).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=array(~there))
    with write_whole(out) as temporary:
        pa.parquet.write_table(pa.table({"id": array(ids), "vector": column}), temporary)
