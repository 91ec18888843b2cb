"""Predict: a bundle and a table in, the rows with predictions out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from plait.data.table import Table, read
from plait.errors import UsageError
from plait.model.model import Model, load
from plait.reading import ReadOptions
from plait.recipes.zero_shot import TEMPLATES, zero_shot
from plait.types import Cell
from plait.writing import write_whole

ENDINGS = (".csv", ".parquet")
CHUNK_ROWS = 8192


def predict(
    bundle: Model | Path | str,
    table: Any,
    *,
    out: Path | str | None = None,
    classes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    templates: Sequence[str] = (),
    threshold: float | None = None,
    positive: str | None = None,
    **reading: Unpack[ReadOptions],
) -> Any:
    """Return ``prediction``, ``confidence`` and details of a table's rows; with `out`, write them.

    A file holds the table's columns too. It appears whole or not at all; bytes cells are left out
    of CSV. Its rows are predicted in chunks, so that the table need not fit in memory.

    Args:
        bundle: A bundle's folder, or its model.
        table: Rows with any subset of the model's input columns.
        out: ``.csv`` or ``.parquet`` file; None writes none.
        classes: Names of classes that nobody labelled, or name -> words that describe it: answered
            by the shared space (zero-shot).
        templates: Prompts with ``{}`` for the name; default `plait.recipes.zero_shot.TEMPLATES`.
        reading: How the table is read: the arguments of `plait.read`.

        threshold, positive: Another decision between two classes than the bundle's; see
            `plait.model.decision.with_threshold`.

    Returns:
        Without `out`, an `Answer`. With it, a dict: ``rows``, ``out`` and ``columns``; with
        `classes` also ``warnings``.

    Raises:
        UsageError: When `out` has another ending, or its columns would collide.
    """
    out = None if out is None else _known_ending(Path(out))
    model = bundle if isinstance(bundle, Model) else load(bundle)
    if threshold is not None:
        model = model.with_threshold(threshold, positive=positive)
    answer_rows = _answerer(model, classes, templates)
    rows = read(table, **reading)
    if out is None:
        return answer_rows(rows, on_error=rows.on_error or "raise")
    kinds = _kinds(rows, flat=out.suffix == ".csv")
    columns: list[str] = []
    with write_whole(out) as temporary, _Writer(temporary, out.suffix) as writer:
        for first in range(0, rows.num_rows, CHUNK_ROWS):
            part = rows.take(range(first, min(first + CHUNK_ROWS, rows.num_rows)))
            answer = _shift_rows(answer_rows, part, rows.on_error or "raise", first)
            flat = out.suffix == ".csv"
            chunk = _arrow(part, _spelled(model, answer) if flat else answer, kinds)
            columns = chunk.column_names
            writer.write(chunk)
    found = {"rows": rows.num_rows, "out": str(out), "columns": columns}
    return {**found, "warnings": model.space.warnings} if classes else found


def _known_ending(out: Path) -> Path:
    if out.suffix not in ENDINGS:
        raise UsageError(
            "unknown kind of output file",
            expected=" or ".join(ENDINGS),
            received=out.name,
            hint="name it with --out predictions.csv",
        )
    return out


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


def _shift_rows(predict_rows: Any, part: Table, on_error: str, first: int) -> Mapping[str, Any]:
    """Predict a chunk; an error names the row of the whole table."""
    from plait.errors import PlaitError

    try:
        columns: Mapping[str, Any] = predict_rows(part, on_error=on_error).columns
        return columns
    except PlaitError as error:
        if error.row is not None:
            error.row += first
        raise


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
            kind = pa.csv.CSVWriter if self.ending == ".csv" else pa.parquet.ParquetWriter
            self._inner = kind(self.path, chunk.schema)
        (self._inner.write if self.ending == ".csv" else self._inner.write_table)(chunk)

    def __exit__(self, *_: object) -> None:
        if self._inner is not None:
            self._inner.close()
