"""Recognises columns that are not values: identifiers, splits, groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from plait.modalities.codes import reason_for_codes
from plait.modalities.date.survey import sureness
from plait.types import Cell, ColumnSample

SPLIT_WORDS = frozenset({"train", "training", "validation", "val", "valid", "dev", "test"})
_ID_NAME = re.compile(r"(^|[_\s.-])(id|ids|uuid|guid|key|index|idx|rowid|hash)$", re.IGNORECASE)
_ID_CAMEL = re.compile(r"[a-z](Id|ID|Key|UUID)$")
_GROUP_NAME = re.compile(
    r"^(patient|subject|speaker|session|machine|device|person|participant|respondent)s?"
    r"[_\s.-]?(id|no|nr|number|code|name)?$",
    re.IGNORECASE,
)
_UUID = re.compile(r"^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$", re.IGNORECASE)
_HEX = re.compile(r"^(?=.*[0-9])(?=.*[a-f])[0-9a-f]{16,128}$", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_CODE = re.compile(r"^[\w:#-]{1,64}$")


class Place(NamedTuple):
    """A sampled cell and the row it is in."""

    row: int
    cell: Cell


def find_role(name: str, places: Sequence[Place], num_rows: int) -> tuple[str, str] | None:
    """Return (role, why) of a column that is not a value, or None.

    Args:
        name: The column's name.
        places: Sampled cells that are not missing, at least one.
        num_rows: Rows of the table.
    """
    cells = [place.cell for place in places]
    if num_rows < 2 or any(isinstance(cell, bytes | list | dict) for cell in cells):
        return None
    words = {str(cell).strip().lower() for cell in cells}
    if words <= SPLIT_WORDS and len(words) > 1 and words & {"train", "training"}:
        return "split", "its values are names of splits; used for --split, not as an input"
    all_distinct = len(words) == len(cells) > 1
    if all_distinct and (why := _id_reason(name, places)) and not _are_dates(name, cells):
        return "id", f"{why}; it says nothing about new rows"
    if not all_distinct and _GROUP_NAME.match(name) and len(words) > 1 and _are_codes(cells):
        return "group", "says who or what the row is from; used for --group, not as an input"
    return None


def _are_dates(name: str, cells: Sequence[Cell]) -> bool:
    """Tell whether cells are dates, also where these count the rows: one for each day."""
    return sureness(ColumnSample(name, cells, len(cells), len(cells))) >= 0.95


def _id_reason(name: str, places: Sequence[Place]) -> str | None:
    cells = [place.cell for place in places]
    texts = [str(cell).strip() for cell in cells]
    if all(_UUID.match(text) for text in texts):
        return "every value is another UUID"
    if all(_HEX.match(text) for text in texts):
        return "every value is another hexadecimal code"
    if len(cells) >= 5 and _counts_rows(places):
        return "it counts the rows"
    if why := reason_for_codes(name, cells):
        return f"every value is another, and {why}"
    named = _ID_NAME.search(name) or _ID_CAMEL.search(name) or _GROUP_NAME.match(name)
    return "every value is another, and its name says so" if named and _are_codes(cells) else None


def _counts_rows(places: Sequence[Place]) -> bool:
    """Tell whether all cells are whole numbers, each as far from the number of its row."""
    step = None
    for row, cell in places:
        number = _whole(cell)
        if number is None or (step is not None and number - row != step):
            return False
        step = number - row
    return True


def _are_codes(cells: Sequence[Cell]) -> bool:
    return all(
        _whole(cell) is not None or (isinstance(cell, str) and bool(_CODE.match(cell.strip())))
        for cell in cells
    )


def _whole(cell: Cell) -> int | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else None
    text = str(cell).strip()
    return int(text) if _WHOLE.fullmatch(text) else None
