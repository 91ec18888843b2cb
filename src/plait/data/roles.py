"""Recognises columns that are not values: identifiers, times, splits, groups, constants."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from plait.types import Cell

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
_CODE = re.compile(r"^[\w:#-]{1,64}$")
_DATE = re.compile(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?$")


@dataclass(frozen=True)
class Place:
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
    if share_of_times(cells) >= 0.95:
        return "time", "dates; used for --time, not as an input"
    all_distinct = len(words) == len(cells) > 1
    if all_distinct and (why := _id_reason(name, places)):
        return "id", f"{why}; it says nothing about new rows"
    if not all_distinct and _GROUP_NAME.match(name) and len(words) > 1 and _are_codes(cells):
        return "group", "says who or what the row is from; used for --group, not as an input"
    return None


def share_of_times(cells: Sequence[Cell]) -> float:
    """Return the share of cells that are dates or times of ISO form."""
    hits = 0
    for cell in cells:
        if isinstance(cell, datetime.date):
            hits += 1
        elif isinstance(cell, str) and _DATE.match(cell.strip()):
            hits += parse_time(cell) is not None
    return hits / max(len(cells), 1)


def parse_time(cell: Cell) -> float | None:
    """Return a date, time or number as seconds since 1970 (UTC where no zone is given), or None.

    >>> parse_time("1970-01-02"), parse_time("soon")
    (86400.0, None)
    """
    if isinstance(cell, datetime.date) and not isinstance(cell, datetime.datetime):
        cell = datetime.datetime.combine(cell, datetime.time())
    if isinstance(cell, str):
        text = cell.strip()
        try:
            cell = datetime.datetime.fromisoformat(_padded(text.replace("/", "-")))
        except ValueError:
            cell = text
    if isinstance(cell, datetime.datetime):
        zoned = cell if cell.tzinfo else cell.replace(tzinfo=datetime.UTC)
        return (zoned - datetime.datetime.fromtimestamp(0, datetime.UTC)).total_seconds()
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e300 else None


def _padded(text: str) -> str:
    """Return ``2024-3-1 7:05`` as ``2024-03-01 07:05``; plain digits stay no date.

    >>> _padded("2024-3-1 7:05")
    '2024-03-01 07:05'
    """
    if not _DATE.match(text):
        raise ValueError(text)
    return re.sub(r"(?<![\d.])(\d)(?=[-\sT:]|$)", r"0\1", text)


def _id_reason(name: str, places: Sequence[Place]) -> str | None:
    cells = [place.cell for place in places]
    texts = [str(cell).strip() for cell in cells]
    if all(_UUID.match(text) for text in texts):
        return "every value is another UUID"
    if all(_HEX.match(text) for text in texts):
        return "every value is another hexadecimal code"
    numbers = [_whole(cell) for cell in cells]
    if len(cells) >= 5 and None not in numbers:
        steps = {
            number - place.row
            for number, place in zip(numbers, places, strict=True)
            if number is not None
        }
        if len(steps) == 1:
            return "it counts the rows"
    named = _ID_NAME.search(name) or _ID_CAMEL.search(name)
    return "every value is another, and its name says so" if named and _are_codes(cells) else None


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
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else None
