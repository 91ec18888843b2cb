"""What the page of an inspected table draws: examples, histograms, gaps, broken cells, doubles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import CellError, ExtraError, shorten
from plait.modalities import Codec, Media, traits_of
from plait.spacing import evenly_spaced
from plait.types import Cell, Html, is_missing

MAX_COLUMNS = 60
"""Columns past these are listed, not drawn."""

NUM_EXAMPLES, NUM_TWINS, NUM_ERRORS = 3, 3, 8
MAX_READ, MAX_READ_MEDIA = 2000, 160
MAX_BYTES = 2_000_000
NUM_BLOCKS, NUM_BINS, NUM_LABELS = 60, 20, 8


def picture(table: Table, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `plait.report.render_inspection` draws, JSON-ready.

    Args:
        table: The table that was inspected.
        found: `plait.data.checks.Inspection.to_dict` of it.

    Returns:
        ``examples`` (column -> rendered cells), ``values`` (column -> ``edges``, ``counts`` and
        what they are ``of``, or the most frequent ``items`` and how many ``others``), ``missing``,
        ``unreadable`` (column -> ``{"row", "error"}``) and ``twins`` (``column`` and the ``rows``
        of its first group).
    """
    media = table.media()
    names = _drawn_first(found)[:MAX_COLUMNS]
    counts = {one["name"]: one.get("num_unreadable") or 0 for one in found.get("columns") or []}
    pictured: dict[str, Any] = {"examples": {}, "values": {}, "unreadable": {}}
    size = 0
    for name in names:
        column = table.schema[name]
        if column.role != "value" or column.modality is None:
            continue
        try:
            read = _Reading(make_codec(column), table, name, media, counts.get(name, 0))
        except ExtraError:
            continue
        examples = read.examples() if size < MAX_BYTES else []
        size += sum(map(len, examples))
        pictured["examples"][name] = examples
        pictured["values"][name] = read.values()
        if read.errors:
            pictured["unreadable"][name] = read.errors
    return pictured | {"missing": _missing(table, found), "twins": _twins(table, found, media)}


class _Reading:
    """Some cells of a column, decoded, spread over its rows; and those that cannot be."""

    def __init__(
        self, codec: Codec, table: Table, name: str, media: Media, num_unreadable: int
    ) -> None:
        self.codec, self.raws, self.sides = codec, list[Any](), list[tuple[int, ...]]()
        measure = getattr(codec, "measure", None)
        self.errors: list[dict[str, Any]] = []
        rows = evenly_spaced(table.num_rows, MAX_READ).tolist()
        cells = table.column(name, rows)
        for row, cell in zip(rows, cells, strict=True):
            enough = len(self.errors) >= min(num_unreadable, NUM_ERRORS)
            if is_missing(cell) or (len(self.raws) >= self._most() and enough):
                continue
            try:
                raw = codec.read(cell, media)
            except CellError as error:
                if len(self.errors) < NUM_ERRORS:
                    said = f"{error.what}: {error.received}" if error.received else error.what
                    self.errors.append({"row": row, "error": shorten(said, 200)})
                continue
            if raw is not None:
                self.raws.append(raw)
                self.sides.append(() if measure is None else measure(cell, media))

    def _most(self) -> int:
        cheap = not self.raws or isinstance(self.raws[0], str | int | float | tuple)
        return MAX_READ if cheap else MAX_READ_MEDIA

    def examples(self) -> list[Html]:
        """Return a few rendered cells, different ones where there are."""
        kept: dict[Html, None] = {}
        for raw in self.raws[:: max(1, len(self.raws) // (4 * NUM_EXAMPLES))]:
            if len(kept) < NUM_EXAMPLES:
                kept[self.codec.show(raw)] = None
        return list(kept)

    def values(self) -> dict[str, Any]:
        """Return the histogram of numbers or sizes, or the most frequent labels."""
        labels = [
            label
            for raw in self.raws
            for label in ([raw] if isinstance(raw, str) else raw if isinstance(raw, tuple) else [])
        ]
        if traits_of(self.codec).labels:
            often = Counter(map(str, labels)).most_common(NUM_LABELS)
            return {"items": often, "others": len(labels) - sum(count for _, count in often)}
        found = map(self._size, self.raws, self.sides)
        sized = [one for one in found if one is not None]
        if not sized:
            return {}
        numbers = np.array([value for _, value in sized], np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return {}
        distinct = len(np.unique(numbers))
        whole = sized[0][0] not in ("value", "date") and np.ptp(numbers) < NUM_BINS
        bins: Any = max(1, min(NUM_BINS, distinct))
        if whole and (numbers == numbers.round()).all():
            bins = np.arange(numbers.min() - 0.5, numbers.max() + 1)
        counts, edges = np.histogram(numbers, bins=bins)
        return {"edges": edges.tolist(), "counts": counts.tolist(), "of": sized[0][0]}

    def _size(self, raw: Any, sides: tuple[int, ...]) -> tuple[str, float] | None:
        """Return a number itself; of a text, picture, sound or series its size, as it is stored."""
        if isinstance(raw, int | float | np.number):
            return "date" if traits_of(self.codec).moment else "value", float(raw)
        if isinstance(raw, str):
            return "characters", float(len(raw))
        values = getattr(raw, "values", raw)
        if not isinstance(values, np.ndarray) or not values.ndim:
            return None
        rate = getattr(self.codec, "rate_hz", 0)
        if values.ndim == 1 and rate:
            return "seconds", len(values) / rate
        if values.ndim == 3:
            return "longer side, pixels", float(max(sides or values.shape[:2]))
        return "steps", float(len(values))


def _drawn_first(found: Mapping[str, Any]) -> list[str]:
    names = [one["name"] for one in found.get("columns") or []]
    return sorted(names, key=lambda name: name != found.get("target"))


def _missing(table: Table, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return where columns have gaps: the share of missing cells in up to 60 blocks of rows."""
    columns = found.get("columns") or []
    some = [one for one in columns if one.get("share_missing")]
    rows = evenly_spaced(table.num_rows, 50 * MAX_READ).tolist()
    edges = np.linspace(0, len(rows), min(NUM_BLOCKS, max(len(rows), 1)) + 1).astype(int)
    lines = []
    for one in some[:MAX_COLUMNS]:
        words = set((one.get("reading") or {}).get("null_words") or ())
        cells = table.column(one["name"], rows)
        gone = np.array([is_missing(cell) or _is_word(cell, words) for cell in cells], bool)
        blocks = [round(float(gone[a:b].mean()), 3) for a, b in zip(edges, edges[1:], strict=False)]
        lines.append({"name": one["name"], "share": one["share_missing"], "blocks": blocks})
    return {"columns": lines, "rows": table.num_rows, "whole": len(columns) - len(some)}


def _is_word(cell: Cell, words: set[str]) -> bool:
    return isinstance(cell, str) and cell.strip().casefold() in words


def _twins(table: Table, found: Mapping[str, Any], media: Media) -> list[dict[str, Any]]:
    """Return the first group of near-duplicates of each column, its cells rendered."""
    values = [column for column in table.schema.values() if column.modality is not None]
    twins = []
    for fact in (found.get("duplicates") or [])[:12]:
        mine = [c for c in values if fact["column"] in ("*", c.name) or c.name == found["target"]]
        sides = []
        for row in fact["rows"][:NUM_TWINS]:
            cells = {c.name: _shown(table, c.name, row, media) for c in mine[:8]}
            sides.append({"row": row, "cells": {n: html for n, html in cells.items() if html}})
        twins.append({"column": fact["column"], "rows": sides})
    return twins


def _shown(table: Table, name: str, row: int, media: Media) -> Html:
    cell = table.column(name, [row])[0]
    if is_missing(cell):
        return ""
    try:
        codec = make_codec(table.schema[name])
        raw = codec.read(cell, media)
    except (CellError, ExtraError):
        return ""
    return "" if raw is None else codec.show(raw)
