"""Search: any columns of a query in, the nearest rows of a table out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from plait.data.cache import cache_folder
from plait.data.entries import cell_stat
from plait.data.schema import make_codec
from plait.data.table import Table, read
from plait.errors import CellError, UsageError
from plait.modalities import Codec, Media
from plait.model.model import Model, load
from plait.progress import SILENT, Progress
from plait.recipes.embed import row_ids
from plait.search.index import Index
from plait.types import Cell, is_missing

MAX_SHOWN_CHARACTERS = 80


def search(
    bundle: Model | Path | str,
    table: Table | Path | str | None = None,
    *,
    query: Mapping[str, Cell],
    weights: Mapping[str, float] | None = None,
    top: int = 10,
    where: str | None = None,
    index: Path | str | None = None,
    rebuild: bool = False,
    on_error: str = "raise",
    root: Path | str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the rows nearest to a query in the shared space.

    Args:
        bundle: A bundle with a shared space, or its model.
        table: The rows to search; may be left out when `index` exists.
        query: What to look for, by column or by modality: ``{"text": "red boot"}`` is read as every
            text column, ``{"image": "query.jpg"}`` as every picture. Several count together.
        weights: Weight of each part of the query, under the same names; 1 by default.
        top: How many rows.
        where: Filter on the table's plain columns: ``price < 20 and colour == "red"``.
        index: Folder of a kept index: made when it is not there, brought up to date with the
            table's ids when it is. None keeps one in the cache.
        rebuild: Whether to embed all rows again.
        on_error: For unreadable cells of the table.
        root: Folder of the media of the table.
        progress: Told of the work.

    Returns:
        ``hits`` (``rank``, ``id``, ``score``: the cosine, ``row``, and the row's plain cells as
        ``cells``), ``query``, ``rows`` searched and ``index``.

    Raises:
        UsageError: An unknown column or modality in the query, or nothing to search.
        BundleError: The index is of another model or preprocessing, or damaged.
    """
    model = bundle if isinstance(bundle, Model) else load(bundle)
    progress = progress or SILENT
    vector = query_vector(model, query, weights)
    rows = read(table, root=root) if isinstance(table, Path | str) else table
    opened, place = _open_index(model, rows, index, rebuild, on_error, progress)
    found = opened.search(vector[None], top, where=where)
    return {
        "hits": _hits(found.ids[0], found.scores[0], rows),
        "query": {name: _short(cell) for name, cell in query.items()},
        "rows": opened.num_rows,
        "index": str(place),
    }


def query_vector(
    model: Model, query: Mapping[str, Cell], weights: Mapping[str, float] | None = None
) -> np.ndarray:
    """Return the unit vector of a query, float32 ``[dim]``; arguments as for `search`."""
    space = model.space
    cells: dict[str, Cell] = {}
    factors: dict[str, float] = {}
    for name, cell in query.items():
        columns = sources_named(model, name)
        for column in columns:
            cells[column] = cell
            factors[column] = (weights or {}).get(name, 1.0) / len(columns)
    stray = set(weights or {}) - set(query)
    if not cells or stray:
        raise UsageError(
            "nothing was asked for" if not cells else "a weight belongs to no part of the query",
            expected="a part of the query: " + ", ".join(sorted(_names(model))),
            received=", ".join(sorted(stray)) or None,
            hint='plait search BUNDLE --table TABLE --text "red boot"',
        )
    rows = read([cells], root=Path.cwd(), columns={name: _modality(model, name) for name in cells})
    vector = model.embed(rows, weights=space_weights(space.sources, factors))[0]
    if not np.abs(vector).sum() > 0:
        raise UsageError("the query holds nothing", expected="a value", received=str(dict(query)))
    return vector


def space_weights(sources: Sequence[str] | Mapping[str, Any], given: Mapping[str, float]) -> dict:
    """Return a weight per source: as given, 0 for the others."""
    return {name: given.get(name, 0.0) for name in sources}


def sources_named(model: Model, name: str) -> list[str]:
    """Return the source of that name, or all sources of that modality. Raises `UsageError`."""
    sources = model.space.sources
    if name in sources:
        return [name]
    found = [source for source in sources if _modality(model, source) == name]
    if not found:
        raise UsageError(
            f"the shared space has no column or modality '{name}'",
            expected="one of " + ", ".join(sorted(_names(model))),
            received=name,
        )
    return found


def _names(model: Model) -> set[str]:
    sources = model.space.sources
    return {*sources, *(_modality(model, source) for source in sources)}


def _modality(model: Model, source: str) -> str:
    return str(model.shown[source].modality)


def _open_index(
    model: Model,
    rows: Table | None,
    index: Path | str | None,
    rebuild: bool,
    on_error: str,
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
    there = place.exists() and not rebuild
    opened = Index.load(place, key=key) if there else None
    if rows is None:
        if opened is None:
            raise UsageError("there is no index at this place", path=place, hint="give --table")
        return opened, place
    ids = marked_ids(model, rows)
    if opened is None or not set(ids) & set(opened.ids):
        return _build(model, rows, ids, place, on_error, progress), place
    known = set(opened.ids)
    gone = sorted(known - set(ids))
    new = [number for number, name in enumerate(ids) if name not in known]
    if gone:
        opened.delete(gone)
    if new:
        part = rows.take(new)
        vectors, there_ = _vectors(model, part, on_error, progress)
        kept = np.flatnonzero(there_)
        new = [new[i] for i in kept]
        names = [ids[number] for number in new]
        if names:
            opened.add(vectors[kept], names, attributes_of(part).take(kept))
    if gone or new:
        opened.save(place)
    return opened, place


def marked_ids(model: Model, rows: Table) -> list[str]:
    """Return the rows' ids, each followed by ``|`` and a hash of what the model reads of the row.

    A row that changed under its id, or a file that changed under its path, is another row to the
    index, and so embedded anew.
    """
    digests = [hashlib.blake2b(digest_size=8) for _ in range(rows.num_rows)]
    for name in model.space.sources:
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
    on_error: str,
    progress: Progress,
) -> Index:
    vectors, there = _vectors(model, rows, on_error, progress)
    kept = np.flatnonzero(there)
    opened = Index.build(
        vectors[kept],
        [ids[int(i)] for i in kept],
        key=model.space.key,
        attributes=attributes_of(rows).take(kept),
        progress=progress,
    )
    opened.save(place)
    return opened


def _vectors(
    model: Model, rows: Table, on_error: str, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    vectors = model.embed(rows, on_error=on_error, progress=progress)
    return vectors, np.abs(vectors).sum(1) > 0


def attributes_of(rows: Table) -> pa.Table:
    """Return the table's plain columns: those whose cells are text, numbers or truth values.

    Columns of numbers are numbers here also where the file holds text (CSV).
    """
    found, media = {}, rows.media()
    for name in rows.column_names:
        cells = [None if is_missing(cell) else cell for cell in rows.column(name)]
        if rows.schema[name].modality == "number":
            codec = make_codec(rows.schema[name])
            cells = [_number(codec, cell, media) for cell in cells]
        if all(isinstance(cell, str | int | float | bool | None) for cell in cells):
            try:
                found[name] = pa.array(cells)
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                found[name] = pa.array([None if cell is None else str(cell) for cell in cells])
    return pa.table(found) if found else pa.table({"row": pa.array(range(rows.num_rows))})


def _number(codec: Codec, cell: Cell, media: Media) -> float | None:
    """Return a cell's number; None where it cannot be read, which embedding has judged already."""
    try:
        return None if cell is None else codec.read(cell, media)
    except CellError:
        return None


def _hits(ids: Sequence[str], scores: np.ndarray, rows: Table | None) -> list[dict[str, Any]]:
    numbers: dict[str, int] = {}
    if rows is not None:
        numbers = {name: number for number, name in enumerate(row_ids(rows))}
    names = [name.rpartition("|")[0] for name in ids]
    found: list[dict[str, Any]] = []
    for rank, (name, score) in enumerate(zip(names, scores, strict=True), start=1):
        hit: dict[str, Any] = {"rank": rank, "id": name, "score": float(score)}
        if rows is not None:
            hit["row"] = numbers[name]
            hit["cells"] = {
                column: _short(rows.column(column, [numbers[name]])[0])
                for column in rows.column_names
            }
        found.append(hit)
    return found


def _short(cell: Cell) -> str | float | int | bool | None:
    if cell is None or isinstance(cell, int | float | bool):
        return cell
    if isinstance(cell, bytes) or (isinstance(cell, dict) and "bytes" in cell):
        size = len(cell if isinstance(cell, bytes) else cell["bytes"] or b"")
        return f"<{size:,} bytes>"
    text = str(cell)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 3] + "..."
