"""The words that every other module uses: cells, arrays, layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Cell = Any
"""What a table holds in one place: text, a number, a path, bytes, a list; ``None`` when missing."""

Arrays = dict[str, np.ndarray]
"""One prepared value: part name -> array, in the shapes and types of the codec's layout."""

SPACE_MARK = "~space"
"""What the columns end in that hold a base's vectors."""

Html = str
"""A fragment of a page, already escaped."""


@dataclass(frozen=True)
class ArraySpec:
    """Shape and type of one part of a prepared value.

    A string in `shape` names a ragged axis (padded in a batch, its length kept under that name);
    an integer is a fixed size. Parts that share an axis name share its length.
    """

    shape: tuple[str | int, ...]
    dtype: str


Layout = dict[str, ArraySpec]
"""Part name -> `ArraySpec`."""


@dataclass(frozen=True)
class ColumnSample:
    """What `detect` sees of a column.

    Attributes:
        name: The column's name.
        values: Up to some hundreds of its non-missing cells, spread over the table.
        num_rows: Rows in the table.
        num_distinct: Distinct values among `values`.
        typed: Whether the table's cells carry types; in CSV all are text, and ``"1"`` may be 1.
    """

    name: str
    values: Sequence[Cell]
    num_rows: int
    num_distinct: int
    typed: bool = True


@dataclass
class ColumnBatch:
    """One column's prepared values for a batch of rows, padded.

    Attributes:
        parts: Part name -> array ``[value, *shape]``; zeros where padded or missing.
        lengths: Ragged axis name -> int64 ``[value]`` (at least 1, so that nothing divides by 0).
        present: bool ``[batch]``; False where the row has no value in this column.
        index: int64 ``[batch]``: which of the values each row has; None where each has its own, in
            order. Only what was asked to share values gives one.
    """

    parts: dict[str, Any]
    lengths: dict[str, Any]
    present: Any
    index: Any = None

    def apart(self) -> ColumnBatch:
        """Return the same with a value of its own for each row."""
        if self.index is None:
            return self
        parts, lengths = (
            {name: values[self.index] for name, values in some.items()}
            for some in (self.parts, self.lengths)
        )
        return ColumnBatch(parts, lengths, self.present)


Batch = dict[str, ColumnBatch]
"""Column name -> its `ColumnBatch`; all of one batch size."""


NULL_WORDS = frozenset({"nan", "null", "n/a", "#n/a", "<na>"})
"""Text that holds nothing, whatever the column."""

INVISIBLE = " \t\n\xad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
"""Characters without a glyph, of which text alone holds nothing: zero-width blanks and joiners."""


@dataclass(frozen=True, repr=False)
class MadeFile:
    """What a generated cell holds that is a file: written beside a table, named there by its path.

    Attributes:
        content: The file's bytes.
        ending: Of its name: ``.wav``.
    """

    content: bytes
    ending: str

    def __repr__(self) -> str:
        return f"MadeFile({self.ending}, {len(self.content):,} bytes)"


def is_missing(cell: Cell) -> bool:
    """Tell whether a cell holds nothing: None, NaN, an empty or null word, or what none can see.

    ``NA`` is not a null word here: it is Namibia's country code. Codecs for which it can only
    mean "nothing" (numbers) return None from `read` instead.

    >>> is_missing(""), is_missing(float("nan")), is_missing("NA"), is_missing(0)
    (True, True, False, False)
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text.isascii():
            text = text.strip(INVISIBLE)
        return not text or (len(text) <= 4 and text.lower() in NULL_WORDS)
    if cell is None:
        return True
    if isinstance(cell, float):
        return cell != cell
    if isinstance(cell, dict):
        return all(is_missing(value) for value in cell.values())
    return False
