"""Prepares a table's rows as a model reads them: kept in the cache, or part by part in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.prepared import Prepared, is_worth_keeping, prepare_rows, prepare_table
from plait.data.table import Table
from plait.modalities import Asked, Codec
from plait.model.columns import counted_from
from plait.model.derived_columns import with_derived_columns
from plait.model.unread import note_unread
from plait.progress import SILENT, Progress

if TYPE_CHECKING:
    from plait.model.model import Model

PART_ROWS = 512
"""Rows that are in memory at once, where they are not kept in the cache."""


def prepare(
    model: Model,
    table: Table,
    *,
    target: bool,
    progress: Progress,
    keep: bool | None,
) -> Prepared:
    """Return the rows' arrays; see `plait.model.model.Model.prepare`."""
    table = table.under(table.policy.or_else(model.on_error))
    keep = is_worth_keeping(table) if keep is None else keep
    codecs = _codecs(model, target)
    here = {name: codec for name, codec in codecs.items() if name in table.column_names}
    read_all = prepare_table if keep else prepare_rows
    update = progress.task("reading", table.num_rows)
    prepared = read_all(table, here, progress=update)
    note_unread(prepared)
    unread = {name: codec for name, codec in model.codecs.items() if name == model.target}
    absent = {n: codec for n, codec in {**unread, **codecs}.items() if n not in here}
    prepared = prepared.with_empty(absent)
    told = progress.task
    return with_derived_columns(model.derived_columns, table, prepared, progress=told, keep=keep)


def in_parts(
    model: Model, table: Table, keep: bool, progress: Progress = SILENT
) -> Iterator[Prepared]:
    """Give the rows prepared: all of them from the cache, or part by part in memory."""
    size = max(table.num_rows, 1) if keep else PART_ROWS
    for first in range(0, max(table.num_rows, 1), size):
        whole = size >= table.num_rows
        part = table if whole else table.take(range(first, min(first + size, table.num_rows)))
        with counted_from(0 if table.overlaps else first):
            told = progress if keep else SILENT
            prepared = model.prepare(part, progress=told, keep=keep)
        yield prepared


def outputs_of(
    model: Model,
    rows: Any,
    on_error: str | None = None,
    root: Any = None,
    strict: bool = False,
    asked: Asked | None = None,
    progress: Progress = SILENT,
) -> np.ndarray:
    """Return the outputs of any rows, ``[row, ...]``; see `predict` and `Predictor`."""
    table = model.as_table(rows, on_error=on_error, root=root, strict=strict)
    keep = bool(model.derived_columns) and is_worth_keeping(table)
    update, parts = progress.task("predicting", table.num_rows), list[np.ndarray]()
    for part in in_parts(model, table, keep, progress):
        parts.append(model.outputs(part, asked))
        update(sum(map(len, parts)))
    return np.concatenate(parts)


def _codecs(model: Model, target: bool) -> dict[str, Codec]:
    """Return the codecs of the columns that are prepared from cells."""
    made = {derived.column for derived in model.derived_columns}
    codecs = {name: codec for name, codec in model.codecs.items() if name not in made}
    codecs.pop(str(model.target), None)  # a base may have read what is the target now
    if target and model.target is not None:
        codecs[model.target] = model.target_codec
    return codecs
