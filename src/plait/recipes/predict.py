"""Predict: a bundle and a table in, the rows with predictions out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from plait.data.table import Table, read
from plait.errors import UsageError
from plait.model.columns import counted_from, missing_columns
from plait.model.model import Model, load
from plait.recipes.outputs import check_output
from plait.recipes.zero_shot import TEMPLATES, zero_shot
from plait.types import Cell
from plait.writing import write_whole

ENDINGS = (".csv", ".parquet")
CHUNK_ROWS = 8192


def predict(
    bundle: Path | str,
    table: Table | Path | str,
    *,
    out: Path | str,
    on_error: str | None = None,
    root: Path | str | None = None,
    classes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    templates: Sequence[str] = (),
    strict: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Write the table's rows with ``prediction``, ``confidence`` and details; return what was done.

    The file appears whole or not at all; bytes cells are left out of CSV. Rows are predicted in
    chunks, so that the table need not fit in memory.

    Args:
        bundle: A bundle's folder.
        table: Rows with any subset of the model's input columns.
        out: ``.csv`` or ``.parquet`` file.
        on_error: ``raise``, or ``skip`` to treat unreadable cells as missing; default as at the
            fit.
        root: Folder of the media.
        classes: Names of classes that nobody labelled, or name -> words that describe it: answered
            by the shared space (zero-shot).
        templates: Prompts with ``{}`` for the name; default `plait.recipes.zero_shot.TEMPLATES`.
        strict: Whether an absent input column is an error.
        force: Whether a file at `out` is replaced; never the table or the bundle.

    Returns:
        ``rows``, ``out``, ``columns``, ``missing_columns`` (``{"column", "did_you_mean"}`` per
        input column that the table lacks) and ``notes`` for people; with `classes` also
        ``warnings``.

    Raises:
        UsageError: When `out` has another ending or exists, or its columns would collide.
        ColumnError: When the table has no column of the model, or with `strict` not all.
    """
    out = Path(out)
    if out.suffix not in ENDINGS:
        raise UsageError(
            "unknown kind of output file",
            expected=" or ".join(ENDINGS),
            received=out.name,
            hint="name it with --out predictions.csv",
        )
    place = check_output(out, table, bundle, force=force)
    rows = table if isinstance(table, Table) else read(table, root=root)
    model = load(bundle)
    answer_rows = _answerer(model, classes, templates)
    model.as_table(rows, strict=strict)
    kinds = _kinds(rows, flat=out.suffix == ".csv")
    columns: list[str] = []
    with write_whole(place) as temporary, _Writer(temporary, out.suffix) as writer:
        for first in range(0, rows.num_rows, CHUNK_ROWS):
            part = rows.take(range(first, min(first + CHUNK_ROWS, rows.num_rows)))
            with counted_from(first):
                answer = answer_rows(part, on_error=on_error).columns
            flat = out.suffix == ".csv"
            chunk = _arrow(part, _spelled(model, answer) if flat else answer, kinds)
            columns = chunk.column_names
            writer.write(chunk)
    return {
        "rows": rows.num_rows,
        "out": str(out),
        "columns": columns,
        "missing_columns": missing_columns(model.inputs, rows.column_names),
        "notes": model.notes_on(rows),
        **({"warnings": model.space.warnings} if classes else {}),
    }


def _answerer(
    model: Model, classes: Sequence[str] | Mapping[str, Sequence[str]], templates: Sequence[str]
) -> Any:
    """Return what answers a chunk of rows: the model, or with classes the shared space."""
    if classes:
        return partial(zero_shot, model, classes=classes, templates=templates or TEMPLATES)
    if templates:
        raise UsageError("templates are for classes", expected="--classes with --template")
    model.require_target()
    return model.predict


def _kinds(rows: Table, *, flat: bool) -> dict[str, pa.DataType]:
    """Return the type in which each column is written, which holds all of its cells.

    Args:
        rows: The table; read once, chunk by chunk.
        flat: Whether the file holds text and numbers only: bytes are left out, lists are text.
    """
    found = dict.fromkeys(rows.column_names, pa.null())
    for _, cells in rows.batches(batch_rows=CHUNK_ROWS):
        for name, column in cells.items():
            if flat and any(_has_bytes(cell) for cell in column):
                found[name] = pa.binary()
            found[name] = _wider(found[name], _kind(column))
    if not flat:
        return {name: pa.string() if pa.types.is_null(k) else k for name, k in found.items()}
    kept = {name: kind for name, kind in found.items() if not pa.types.is_binary(kind)}
    plain = {name: pa.types.is_primitive(kind) for name, kind in kept.items()}
    return {name: kind if plain[name] else pa.string() for name, kind in kept.items()}


def _kind(cells: list[Cell]) -> pa.DataType:
    try:
        return pa.array(cells).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.string()


def _wider(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    """Return a type that holds the values of both; text where there is no better one."""
    if first == second or pa.types.is_binary(first):
        return first
    schemas = [pa.schema([("x", kind)]) for kind in (first, second)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field("x").type
    except pa.ArrowTypeError:
        return pa.string()


def _arrow(part: Table, answer: Mapping[str, Any], kinds: Mapping[str, pa.DataType]) -> pa.Table:
    taken = [name for name in part.column_names if name in answer]
    if taken:
        raise UsageError(
            "the table already has columns of predictions",
            expected="no column named " + ", ".join(taken),
            hint="rename or drop them",
        )
    found = {name: _column(part.column(name), kind) for name, kind in kinds.items()}
    return pa.table({**found, **{name: pa.array(values) for name, values in answer.items()}})


def _spelled(model: Model, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer for a flat file: truth values as training spelled them, lists as JSON."""
    values = list(answer["prediction"])
    if any(isinstance(value, list) for value in values):
        return {**answer, "prediction": [json.dumps(value) for value in values]}
    if any(isinstance(value, bool) for value in values):
        spelling = {label.lower(): label for label in getattr(model.target_codec, "labels", ())}
        return {**answer, "prediction": [spelling[str(value).lower()] for value in values]}
    return answer


def _has_bytes(cell: Cell) -> bool:
    return isinstance(cell, bytes) or (isinstance(cell, dict) and "bytes" in cell)


def _column(cells: list[Cell], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([_text(cell) for cell in cells], kind)
    return pa.array(cells, kind)


def _text(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf8", "backslashreplace")
    return json.dumps(cell) if isinstance(cell, list | dict) else str(cell)


class _Writer:
    """Appends chunks of one schema to a CSV or Parquet file."""

    def __init__(self, path: Path, ending: str) -> None:
        self.path, self.ending = path, ending
        self._inner: Any = None

    def __enter__(self) -> _Writer:
        return self

    def write(self, chunk: pa.Table) -> None:
        """Append a chunk."""
        if self._inner is None:
            self._inner = _writer(self.ending)(self.path, chunk.schema)
        (self._inner.write if self.ending == ".csv" else self._inner.write_table)(chunk)

    def __exit__(self, *_: object) -> None:
        if self._inner is not None:
            self._inner.close()


def _writer(ending: str) -> Any:
    if ending == ".csv":
        return pa.csv.CSVWriter
    from pyarrow.parquet import ParquetWriter  # loads what reads clouds: not for a CSV

    return ParquetWriter
