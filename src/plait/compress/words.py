"""Rows of single words that a teacher's text encoder knows and its table lacks: to ask it about."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from plait.backbones.preprocessing import TextPreparation
from plait.data.sources.rows import MemoryRows
from plait.data.table import Table
from plait.model.backbone_column import BackboneColumn
from plait.model.model import Model
from plait.types import Cell

MOST_WORDS = 6000
"""Rows that are made up, at most: words of an encoder's vocabulary, evenly over its order, which is
mostly by frequency."""

_WHOLE = re.compile(r"[^\W\d_]{3,}")
"""Pieces of a vocabulary that are words: three letters or more, nothing else."""

_WORD = re.compile(r"[^\W\d_]+")


def unknown_words(model: Model, table: Table, rows: Sequence[int], most: int) -> list[str]:
    """Return words that a model's text encoders know, and that stand in none of some rows.

    What a model says of words that it learned from, it may know by heart.

    Args:
        model: Perhaps with encoders.
        table: As the model reads it.
        rows: Row numbers that the model learned from.
        most: Words, at most.
    """
    vocabularies = [_vocabulary(one) for one in _text_encoders(model)]
    words = list(dict.fromkeys(word for some in vocabularies for word in some))
    known = {
        word
        for column in read_by_encoders(model)
        for cell in table.column(column, rows)
        if isinstance(cell, str)
        for word in _WORD.findall(cell.lower())
    }
    words = [word for word in words if word not in known]
    step = max(len(words) / max(most, 1), 1.0)
    return [words[int(place * step)] for place in range(min(most, len(words)))]


def read_by_encoders(model: Model) -> tuple[str, ...]:
    """Return the input columns whose texts a model's encoders read."""
    return tuple(dict.fromkeys(one.input_column for one in _text_encoders(model)))


def word_rows(model: Model, words: Iterable[str]) -> list[dict[str, Cell]]:
    """Return a row per word: it stands in each column that a text encoder reads; others are empty.

    Args:
        model: With text encoders.
        words: See `unknown_words`.
    """
    columns = read_by_encoders(model)
    return [dict.fromkeys(columns, word) for word in words]


def joined(table: Table, rows: Sequence[dict[str, Cell]]) -> Table:
    """Return a table with further rows behind its own; columns that these lack are empty there."""
    columns: dict[str, Any] = {
        name: table.column(name) + [row.get(name) for row in rows] for name in table.column_names
    }
    text = table.key + json.dumps(list(rows), sort_keys=True)
    held = MemoryRows(columns, key=hashlib.sha256(text.encode()).hexdigest())
    return Table(
        held,
        name=table.name,
        policy=table.policy,
        overrides=table.overrides,
        schema=table.schema,
    )


def _text_encoders(model: Model) -> list[BackboneColumn]:
    derived = [one for one in model.derived_columns if isinstance(one, BackboneColumn)]
    return [one for one in derived if isinstance(one.checkpoint.preparation, TextPreparation)]


def _vocabulary(encoder: BackboneColumn) -> list[str]:
    """Return the whole words among an encoder's pieces, in their order."""
    preparation = cast(TextPreparation, encoder.checkpoint.preparation)
    told = json.loads(preparation.tokenizer)
    pieces = told["model"].get("vocab", {})
    listed = not isinstance(pieces, dict)  # a unigram model has pairs of a piece and its chance
    ordered = [one[0] for one in pieces] if listed else sorted(pieces, key=pieces.__getitem__)
    marked = any(piece.startswith(("\u0120", "\u2581")) for piece in ordered[:1000])
    starts = "\u0120\u2581" if marked else ""
    whole = [piece.lstrip(starts) for piece in ordered if not marked or piece[0] in starts]
    return [word.lower() for word in whole if _WHOLE.fullmatch(word)]
