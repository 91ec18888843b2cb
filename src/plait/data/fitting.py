"""Fits codecs on a sample of training rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, cast

import numpy as np

from plait.data.decoding import placed, read_cell, read_plain
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import Codec, Media, TargetCodec, codec_hash, traits_of

FIRST_PIECE_ROWS = 512


def fit_codecs(
    table: Table,
    columns: Sequence[str],
    rows: Sequence[int] | np.ndarray,
    *,
    seed: int = 0,
    max_rows: int = 20_000,
    as_target: bool = False,
    features_only: bool = False,
) -> dict[str, Codec]:
    """Return column name -> codec fitted on training rows.

    Args:
        table: The rows; its schema says each column's modality, its policy how cells are read.
        columns: Value columns.
        rows: Training rows.
        seed: Of the sample, and of the order in which values are given to the codec.
        max_rows: Size of the sample; use ``len(rows)`` for a target whose rare labels count.
        as_target: Whether the columns are targets, whose codecs may want other settings.
        features_only: Whether no network will read the columns: codecs with a ``fit_features``
            learn only what their features need.

    Raises:
        CellError: An unreadable cell, with column and row, unless skipped.
        SchemaError: A column has no modality, or its settings do not fit.
    """
    sample = np.random.default_rng([seed, 1]).permutation(np.asarray(rows, np.int64))[:max_rows]
    media = table.media()
    groups: dict[str, list[str]] = {}
    codecs = {name: make_codec(table.schema[name]) for name in columns}
    if as_target:
        codecs = {name: cast(TargetCodec, codec).as_target() for name, codec in codecs.items()}
    for name, codec in codecs.items():
        shared = codec_hash(codec) if traits_of(codec).shared else f"only {name}"
        groups.setdefault(shared, []).append(name)
    fitted = {}
    for names in groups.values():
        codec = codecs[names[0]]
        raws = [_raws(table, name, codec, sample, media) for name in names]
        learn = getattr(codec, "fit_features", codec.fit) if features_only else codec.fit
        done = learn(_in_turn(raws))
        fitted.update(dict.fromkeys(names, done))
    return {name: fitted[name] for name in columns}


def _raws(table: Table, name: str, codec: Codec, rows: np.ndarray, media: Media) -> Iterator[Any]:
    """Yield decoded cells one at a time, in the sample's order; pieces grow, for few may do."""
    first, size = 0, FIRST_PIECE_ROWS
    while first < len(rows):
        piece = rows[first : first + size]
        cells = table.column(name, piece)
        at_once = read_plain(codec, cells, media)
        if at_once is not None:
            yield from at_once[~np.isnan(at_once)].tolist()
            cells, piece = [], piece[:0]
        for row, cell in zip(piece, cells, strict=True):
            try:
                raw = read_cell(codec, cell, media)
            except CellError as error:
                if not table.policy.skips:
                    raise placed(error, name, table.given_row(name, int(row))) from None
                continue
            if raw is not None:
                yield raw
        first, size = first + size, size * 2


def _in_turn(iterators: Sequence[Iterator[Any]]) -> Iterator[Any]:
    """Yield one value of each iterator in turn until all are used up."""
    nothing = object()
    turns = zip_longest(*iterators, fillvalue=nothing)
    return (value for value in chain.from_iterable(turns) if value is not nothing)
