"""Search: any columns of a query in, the nearest rows of a table out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plait.data.table import Table, read
from plait.listening import heard, listened
from plait.model.columns import missing_columns, notes_on
from plait.model.loading import load
from plait.model.model import Model
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.results import Hits
from plait.types import Cell


@listened
def search(
    bundle: Model | Path | str,
    table: Table | Path | str | None = None,
    *,
    query: Mapping[str, Cell] | None = None,
    weights: Mapping[str, float] | None = None,
    top: int = 10,
    where: str | None = None,
    index: Path | str | None = None,
    rebuild: bool = False,
    on_error: str | None = None,
    root: Path | str | None = None,
    progress: Progress | bool | None = None,
    reading: ReadOptions | None = None,
    **named: Cell,
) -> Hits:
    """Return the rows nearest to a query in the shared space.

    >>> plait.search("base.plait", "catalogue.csv", text="red boot", top=5)   # doctest: +SKIP

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
        on_error: For unreadable cells of the table; default as at the fit.
        root: Folder of the media of the table.
        progress: As for `plait.fit`.
        reading: More of how the table is read: arguments of `plait.read`.
        named: More parts of the query by name, as of `query`: ``text="red boot"``.

    Returns:
        ``hits`` (``rank``, ``id``, ``score``: the cosine, ``row``, and the row's plain cells as
        ``cells``), ``query``, ``rows`` searched, ``index``, ``warnings``: what to know of the
        space, and ``missing_columns`` and ``notes`` as of `plait.recipes.predict.predict`.

    Raises:
        UsageError: An unknown column or modality in the query, or nothing to search.
        BundleError: The index is of another model or preprocessing, or damaged.
    """
    said: ReadOptions = {"root": root, "on_error": on_error, **(reading or {})}
    rows = None if table is None else read(table, **said)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    found = model.search(
        rows,
        query={**(query or {}), **named},
        weights=weights,
        top=top,
        where=where,
        index=index,
        rebuild=rebuild,
        progress=heard(progress),
    )
    missing = [] if rows is None else missing_columns(model.inputs, rows.column_names)
    return Hits(found | {"missing_columns": missing, "notes": notes_on(missing)})
