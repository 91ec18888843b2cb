"""The index of a table's vectors: made once, kept, and brought up to date with the table."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from plait.arrow import array
from plait.data.cache import cache_folder, mark_used, prune_sometimes, remove_entry
from plait.data.entries import cell_stat
from plait.data.row_ids import row_ids
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import BundleError, CellError, UsageError
from plait.index.index import Index
from plait.modalities import Codec, Media, traits_of_modality
from plait.progress import Progress
from plait.types import Cell, is_missing
from plait.writing import sweep

if TYPE_CHECKING:
    from plait.model.model import Model


def open_index(
    model: Model,
    rows: Table | None,
    index: Path | str | None,
    rebuild: bool,
    progress: Progress,
) -> tuple[Index, Path]:
    """Return the index and where it is kept."""
    key = model.space.key
    if index is None and rows is None:
        raise UsageError(
            "there is nothing to search",
            expected="a table, or the folder of a kept index",
            hint="plait search BUNDLE --table TABLE ...",
        )
    place = Path(index) if index is not None else _cached_place(key, rows)
    opened = None if rebuild else _kept(place, key, ours=index is None)
    if rows is None:
        if opened is None:
            raise UsageError("there is no index at this place", path=place, hint="give --table")
        return opened, place
    ids = marked_ids(model, rows)
    if opened is None or not set(ids) & set(opened.ids):
        return _build(model, rows, ids, place, progress), place
    known = set(opened.ids)
    gone = sorted(known - set(ids))
    new = [number for number, name in enumerate(ids) if name not in known]
    if gone:
        opened.delete(gone)
    if new:
        part = rows.take(new)
        vectors, there_ = _vectors(model, part, progress)
        kept = np.flatnonzero(there_)
        new = [new[i] for i in kept]
        names = [ids[number] for number in new]
        if names:
            opened.add(vectors[kept], names, attributes_of(part).take(kept))
    if gone or new:
        opened.save(place)
    return opened, place


def _kept(place: Path, key: str, *, ours: bool) -> Index | None:
    """Open an index; None when there is none, or a damaged one in the cache, which is removed."""
    sweep(Path(os.path.realpath(place)))
    if not place.exists():
        return None
    try:
        opened = Index.load(place, key=key)
    except BundleError:
        if not ours:
            raise
        remove_entry(place)
        return None
    if ours:
        mark_used(place)
    return opened


def marked_ids(model: Model, rows: Table) -> list[str]:
    """Return the rows' ids, each followed by ``|`` and a hash of what the model reads of the row.

    A row that changed under its id, or a file that changed under its path, is another row to the
    index, and so embedded anew.
    """
    digests = [hashlib.blake2b(digest_size=8) for _ in range(rows.num_rows)]
    for name in model.space.input_columns:
        if name in rows.column_names:
            for digest, cell in zip(digests, rows.column(name), strict=True):
                text = f"{name}={cell!r}|{cell_stat(rows.root, cell)}|"
                digest.update(text.encode(errors="surrogatepass"))
    named = zip(row_ids(rows), digests, strict=True)
    return [f"{name}|{digest.hexdigest()}" for name, digest in named]


def _cached_place(key: str, rows: Table | None) -> Path:
    name = hashlib.sha256(f"{key} {rows.key if rows else ''}".encode()).hexdigest()[:24]
    return cache_folder("search") / name


def _build(
    model: Model,
    rows: Table,
    ids: Sequence[str],
    place: Path,
    progress: Progress,
) -> Index:
    vectors, there = _vectors(model, rows, progress)
    kept = np.flatnonzero(there)
    opened = Index.build(
        vectors[kept],
        [ids[int(i)] for i in kept],
        key=model.space.key,
        attributes=attributes_of(rows).take(kept),
        progress=progress,
    )
    opened.save(place)
    if place.parent == cache_folder("search"):
        prune_sometimes(place.parent)
    return opened


def _vectors(model: Model, rows: Table, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    vectors = model.embed(rows, progress=progress)
    return vectors, np.abs(vectors).sum(1) > 0


def attributes_of(rows: Table) -> pa.Table:
    """Return the table's plain columns: those whose cells are text, numbers, truth values or dates.

    Columns of numbers and dates are such here also where the file holds text (CSV).
    """
    found, media = {}, rows.media()
    for name in rows.column_names:
        cells = [None if is_missing(cell) else cell for cell in rows.column(name)]
        column = rows.schema[name]
        traits = traits_of_modality(column.modality)
        if traits.amount:
            codec = make_codec(column)
            values = [_number(codec, cell, media) for cell in cells]
            if traits.moment and not column.settings.get("clock"):
                found[name] = _moments(values)
                continue
            cells = cells if traits.moment else values
        if all(isinstance(cell, str | int | float | bool | None) for cell in cells):
            try:
                found[name] = array(cells)
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                found[name] = array([None if cell is None else str(cell) for cell in cells])
    return pa.table(found) if found else pa.table({"row": array(range(rows.num_rows))})


def _moments(seconds: list[float | None]) -> pa.Array:
    """Return seconds since 1970 as Arrow's timestamps, without a zone."""
    micros = [None if value is None else round(value * 1e6) for value in seconds]
    return array(micros, pa.int64()).cast(pa.timestamp("us"))


def _number(codec: Codec, cell: Cell, media: Media) -> float | None:
    """Return a cell's number; None where it cannot be read, which embedding has judged already."""
    try:
        return None if cell is None else codec.read(cell, media)
    except CellError:
        return None
