"""How numbers and dates stand in a table's cells: types, decimals, signs and units, formats."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plait.types import Cell

FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%H:%M", "%H:%M:%S",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y",
    "%Y-%m", "%d.%m.%Y %H:%M",
)  # fmt: skip
"""Of dates and times, in the order in which they are tried."""

LOOKED_AT = 2000
"""Cells that settle how a column is written."""

LEAST_SHARE = 0.9
"""Of the cells, that are to come out as they stand."""

_NUMBER = re.compile(r"(?P<before>\D*?)(?P<sign>-?)(?P<digits>\d[\d.,' \u00a0]*)(?P<after>\D*)")
_EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How one column is written; settled by `writing_of`.

    Attributes:
        form: ``int``, ``float`` (typed cells), ``date``, ``datetime``, ``time`` (typed, too),
            ``text`` of numbers, or ``format`` of dates as text.
        pattern: Of `strftime`, for ``format``.
        before, after: Around the digits, for ``text``: ``€`` and `` kg``.
        decimals: After the sign; -1 as many as needed.
        decimal, thousands: Signs, for ``text``.
        share: Of the cells looked at, what came out as it stands.
    """

    form: str = "float"
    pattern: str = ""
    before: str = ""
    after: str = ""
    decimals: int = -1
    decimal: str = "."
    thousands: str = ""
    share: float = 1.0

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    @property
    def is_like_table(self) -> bool:
        """Whether what is written reads as the table does."""
        return self.share >= LEAST_SHARE

    def cells(self, raws: Sequence[Any]) -> list[Cell]:
        """Return numbers, or seconds since 1970 (since midnight), as cells; None stays None."""
        return [None if raw is None else self._cell(float(raw)) for raw in raws]

    def _cell(self, value: float) -> Cell:
        if self.form == "int":
            return round(value)
        if self.form == "float":
            return value
        if self.form == "text":
            return self._text(value)
        moment = _EPOCH + datetime.timedelta(seconds=round(value))
        if self.form == "format":
            return moment.strftime(self.pattern)
        return {"date": moment.date(), "time": moment.time()}.get(self.form, moment)

    def _text(self, value: float) -> str:
        if self.decimals >= 0:
            digits = f"{abs(value):,.{self.decimals}f}"
        else:
            digits = f"{abs(value):,.6f}".rstrip("0").rstrip(".")
        whole, _, part = digits.partition(".")
        whole = whole.replace(",", self.thousands)
        sign = "-" if value < 0 and digits.strip("0.,") else ""
        return f"{self.before}{sign}{whole}{self.decimal + part if part else ''}{self.after}"


def writing_of(cells: Sequence[Cell], raws: Sequence[Any], *, moment: bool) -> Writing:
    """Settle how a column is written: by which way most of its cells come out as they stand.

    Args:
        cells: Of the table.
        raws: What they were read as; None where missing.
        moment: Whether these are seconds since 1970, or since midnight.
    """
    pairs = [(c, float(r)) for c, r in zip(cells, raws, strict=True) if r is not None][:LOOKED_AT]
    first = pairs[0][0]
    if not isinstance(first, str):
        return _typed([cell for cell, _ in pairs])
    told = [Writing(form="format", pattern=one) for one in FORMATS] if moment else _texts(pairs)
    best, share = told[0], -1.0
    for one in told:
        right = sum(one._cell(raw) == cell.strip() for cell, raw in pairs if isinstance(cell, str))
        if right / len(pairs) > share:
            best, share = one, right / len(pairs)
    return Writing(**{**asdict(best), "share": share})


def _typed(cells: Sequence[Cell]) -> Writing:
    if all(isinstance(cell, datetime.datetime) for cell in cells):
        return Writing(form="datetime")
    if all(isinstance(cell, datetime.date) for cell in cells):
        return Writing(form="date")
    if all(isinstance(cell, datetime.time) for cell in cells):
        return Writing(form="time")
    whole = all(not isinstance(cell, float) and hasattr(cell, "__index__") for cell in cells)
    return Writing(form="int" if whole else "float")


def _texts(pairs: Sequence[tuple[Any, float]]) -> list[Writing]:
    """Return the ways in which texts of numbers may be written, the most frequent signs around."""
    found: Counter[tuple[str, str]] = Counter()
    decimals: Counter[int] = Counter()
    for cell, _ in pairs:
        parts = _NUMBER.fullmatch(str(cell).strip())
        if parts is not None:
            digits = parts["digits"].rstrip()
            tail = re.search(r"[.,](\d+)$", digits)
            decimals[len(tail[1]) if tail else 0] += 1
            blank = parts["digits"][len(digits) :]
            found[(parts["before"], blank + parts["after"])] += 1
    (before, after), _ = found.most_common(1)[0] if found else (("", ""), 0)
    usual = decimals.most_common(1)[0][0] if decimals else -1
    return [
        Writing(form="text", before=before, after=after, decimals=number, decimal=mark, thousands=t)
        for number in dict.fromkeys((-1, usual))
        for mark, groups in ((".", ("", ",", " ", "'")), (",", ("", ".", " ", "'")))
        for t in groups
    ]
