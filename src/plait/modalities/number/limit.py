"""Limits: numbers beyond which the truth lies, such as <30."""

from __future__ import annotations


class Limit(float):
    """A number beyond which the truth lies: ``<30`` is 30 with side -1.

    Attributes:
        side: -1 where the truth is at or below the number, 1 where at or above.
        written: As it stands in its cell, with its unit, or the cell's word; "" where not known.
    """

    side: int
    written: str

    def __new__(cls, value: float, side: int, written: str = "") -> Limit:
        limit = super().__new__(cls, value)
        limit.side, limit.written = side, written
        return limit
