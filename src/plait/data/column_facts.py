"""The facts of an inspected column: gaps, distinct values, sizes, cells that cannot be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.data.decoding import Decoder, is_cheap, read_plain
from plait.data.schema import Column, make_codec
from plait.data.settling import facts_of
from plait.data.table import Table
from plait.errors import CellError, ExtraError, shorten
from plait.modalities import Codec
from plait.modalities.media import Media
from plait.spacing import evenly_spaced
from plait.types import Cell, ColumnSample

MAX_DECODED = 1000
"""Media cells of a column that are decoded at most."""


def column_facts(
    table: Table, column: Column, cells: list[Cell], rows: np.ndarray
) -> dict[str, Any]:
    """Return what `Inspection.columns` holds of one.

    Args:
        table: All rows, and how their cells are read.
        column: Of its schema.
        cells: Of the rows that are scanned, None where missing.
        rows: Numbers of these rows.

    Raises:
        CellError: The first unreadable cell, where the table's policy says so.
    """
    num_missing = sum(cell is None for cell in cells)
    facts: dict[str, Any] = {
        "name": column.name,
        "modality": column.modality,
        "role": column.role,
        "why": column.why,
        "sure": column.sure,
        "share_missing": round(num_missing / max(len(cells), 1), 4),
        "num_distinct": len({_key(cell) for cell in cells if cell is not None}),
        "num_decoded": 0,
        "num_unreadable": 0,
        "first_error": None,
        "sizes": {},
        "settings": column.settings,
        "reading": {},
        "doubt": column.doubt,
    }
    if column.role == "value" and column.modality is not None:
        codec = make_codec(column)
        known = [cell for cell in cells if cell is not None]
        facts["reading"] = facts_of(column, ColumnSample(column.name, known, len(cells), 0))
        try:
            decoded, num_empty = _decode_some(table, column.name, codec, cells, rows)
            facts |= decoded
            facts["share_missing"] = round((num_missing + num_empty) / max(len(cells), 1), 4)
        except ExtraError as error:
            facts["first_error"] = {"row": None, "error": f"{error.what}: {error.hint}"}
    return facts


def _key(cell: Cell) -> Any:
    return cell if isinstance(cell, str | int | float | bytes) else repr(cell)


def _decode_some(
    table: Table, name: str, codec: Codec, cells: list[Cell], rows: np.ndarray
) -> tuple[dict[str, Any], int]:
    """Return what decoding tells, and how many cells say nothing, such as words for it."""
    places = [place for place, cell in enumerate(cells) if cell is not None]
    if not is_cheap(codec.layout):
        places = [places[i] for i in evenly_spaced(len(places), MAX_DECODED)]
    some = [cells[place] for place in places]
    plain = read_plain(codec, some, table.media())
    if plain is not None:
        known = plain[~np.isnan(plain)]
        sizes = {"value": [float(known.min()), float(known.max())]} if len(known) else {}
        told = {"num_decoded": len(places), "num_unreadable": 0, "first_error": None}
        return told | {"sizes": sizes}, len(plain) - len(known)
    found: dict[str, list[float]] = {}
    facts: dict[str, Any] = {"num_decoded": len(places), "num_unreadable": 0, "first_error": None}
    done = num_empty = 0
    with Decoder(codec, table.media(), _sizes) as decoder:
        for results in decoder.decode(some):
            for place, result in zip(places[done:], results, strict=False):
                if isinstance(result, CellError):
                    if not table.policy.skips:
                        raise result.at(column=name, row=int(rows[place]))
                    _count_error(facts, result, int(rows[place]))
                elif result is None:
                    num_empty += 1
                else:
                    for size, value in _stored(codec, cells[place], table.media()) or result:
                        found.setdefault(size, []).append(value)
            done += len(results)
    sizes = {name: [min(all_), max(all_)] for name, all_ in found.items()}
    return facts | {"sizes": sizes}, num_empty


def _count_error(facts: dict[str, Any], error: CellError, row: int) -> None:
    facts["num_unreadable"] += 1
    if facts["first_error"] is None:
        reason = f"{error.what}: {error.received}" if error.received else error.what
        facts["first_error"] = {"row": row, "error": shorten(reason, 200)}


def _stored(codec: Codec, cell: Cell, media: Media) -> tuple[tuple[str, float], ...]:
    """Return the axes of a file as it lies, where its codec reads large ones smaller; else ()."""
    measure = getattr(codec, "measure", None)
    sides = () if measure is None else measure(cell, media)
    return tuple((f"axis {axis}", float(size)) for axis, size in enumerate(sides))


def _sizes(raw: Any) -> tuple[tuple[str, float], ...]:
    """Return what can be said of any decoded value's size: axes, characters, or the number."""
    if isinstance(raw, int | float):
        return (("value", float(raw)),)
    if isinstance(raw, str):
        return (("characters", float(len(raw))),)
    if isinstance(raw, np.ndarray):
        return tuple((f"axis {axis}", float(size)) for axis, size in enumerate(raw.shape))
    return ()
