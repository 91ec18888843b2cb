"""Reads one cell as its column is written; says what is wrong with one that is no such number."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING

from plait.errors import CellError
from plait.modalities.number.limit import Limit
from plait.modalities.number.plain import LARGEST
from plait.modalities.number.seen import PLAIN, kind_of_word, plain_number
from plait.modalities.number.units import conversion
from plait.modalities.number.written import take_apart, to_number
from plait.types import Cell

if TYPE_CHECKING:
    from plait.modalities.number.codec import NumberCodec


def read_cell(codec: NumberCodec, cell: Cell, decimal: str | None) -> float | None:
    """Return a cell's number, a `Limit` where the truth lies beyond it, None for nothing.

    Args:
        codec: Of the column: signs, unit, words.
        cell: Any.
        decimal: The decimal mark of texts that the person named; None where none was.

    Raises:
        CellError: It is no number, or not written as its column is.
    """
    if isinstance(cell, str):
        return _read_text(codec, cell, decimal)
    if isinstance(cell, datetime.timedelta):
        factor, _ = conversion("s", codec.unit or "s") or (1.0, 0.0)
        return cell.total_seconds() * factor
    value = float(cell) if isinstance(cell, bool) else plain_number(cell)
    if value is None:
        raise _unreadable(cell)
    return _in_range(value, cell)


def _read_text(codec: NumberCodec, text: str, said: str | None) -> float | None:
    decimal = said or codec.decimal or "."
    thousands = codec.thousands if said is None else ".,' ".replace(said, "")
    if decimal == "." and PLAIN.fullmatch(text):
        return float(text)
    kind = kind_of_word(text, codec)
    if kind:
        value = {"below": codec.floor, "above": codec.ceiling}.get(kind)
        side = -1 if kind == "below" else 1
        return None if value is None else Limit(value, side, text.strip())
    written = take_apart(text)
    if written is None:
        raise _unreadable(text)
    value = to_number(written, decimal, thousands)
    if value is None:
        raise _unreadable(text, codec)
    change = conversion(written.unit, codec.unit)
    if change is None:
        raise _wrong_unit(text, written.unit, codec.unit)
    value = _in_range(value * change[0] + change[1], text)
    as_written = text.strip() if written.unit else f"{text.strip()} {codec.unit}".strip()
    return Limit(value, written.side, as_written) if written.side else value


def _in_range(value: float, cell: Cell) -> float:
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise CellError("the number is too large", expected="below 1e30", received=cell)
    return value


def _unreadable(cell: Cell, codec: NumberCodec | None = None) -> CellError:
    """Return the error of a cell that is no number, or of one whose signs are not the column's."""
    if codec is None:
        return CellError(
            "not a number",
            expected="a number",
            received=cell,
            hint="mend the cell, use --on-error skip, or if it is a word for nothing say so: "
            f'--columns "NAME=number{{null_words: [{_word(cell)}]}}"',
        )
    decimal = codec.decimal or "."
    grouping = f", thousands by '{codec.thousands}'" if codec.thousands else ""
    return CellError(
        "the number's signs are not those of its column",
        expected=f"decimal sign '{decimal}'{grouping}",
        received=cell,
        hint="mend the cell, or say how the column is written: "
        "--columns \"NAME=number{decimal: ',', thousands: '.'}\"",
    )


def _word(cell: Cell) -> str:
    """Return a cell as settings spell it, where it is short; else what to put in its place."""
    word = str(cell).strip()
    if not 0 < len(word) <= 20 or set(word) & set("'\"\n"):
        return "WORD"
    return word if word.isalpha() else f"'{word}'"


def _wrong_unit(cell: Cell, unit: str, wanted: str) -> CellError:
    return CellError(
        f"the unit '{unit}' does not convert to the column's",
        expected=f"numbers in {wanted}" if wanted else "numbers without a unit",
        received=cell,
        hint="mend the cell, or split the column by unit; --on-error skip counts it as missing",
    )
