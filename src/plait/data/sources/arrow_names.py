"""The clean names of an Arrow table's columns, and what they were cleaned of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from plait.data.sources.header import check_names
from plait.data.sources.names import clean_names, notes_on

WRITTEN = b"written"
"""Key of a field's metadata: its name as the file has it."""


def cleaned(schema: pa.Schema) -> pa.Schema:
    """Return the fields under their clean names; those that were written are kept as metadata."""
    return pa.schema(
        [
            pa.field(
                name, field.type, metadata={WRITTEN: field.name} if name != field.name else None
            )
            for name, field in zip(clean_names(schema.names), schema, strict=True)
        ]
    )


def text_schema(names: Sequence[str], path: Path) -> pa.Schema:
    """Return columns of text under their clean names. Raises `TableError` as `check_names` does."""
    schema = cleaned(pa.schema([(name, pa.string()) for name in names]))
    check_names(schema.names, path)
    return schema


def notes_of(schema: pa.Schema) -> tuple[str, ...]:
    """Return what people should know of the names of a table that `cleaned` gave."""
    told = [(field.metadata or {}).get(WRITTEN) for field in schema]
    pairs = zip(told, schema.names, strict=True)
    written = [name if one is None else one.decode() for one, name in pairs]
    return notes_on(written, schema.names)
