"""What a look over a column's cells settles about how they are read, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from plait.types import Cell, ColumnSample


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What `Surveyor.survey` found in a sample of a column.

    Attributes:
        settings: Fields of the codec that the cells decide; what the person set stays.
        said: Phrases for people: what was decided, and from which cells.
        facts: JSON-ready counts and examples, for `inspect`; nothing where cells are plain.
        ambiguous: A setting, as ``name: value``, that would read the same cells otherwise; "" where
            the cells leave no doubt.
        refused: Why the column is not taken for this modality although it comes close, or "".
        witnesses: Cells that show why it is refused.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    ambiguous: str = ""
    refused: str = ""
    witnesses: tuple[Cell, ...] = ()


@runtime_checkable
class Surveyor(Protocol):
    """A codec whose settings are decided per column, from many cells, never cell by cell."""

    def survey(self, sample: ColumnSample) -> Survey:
        """Return what the cells decide; fields that differ from their defaults are kept."""
