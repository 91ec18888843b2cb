"""Counts the cells that could not be read, and so counted as missing, while a verb works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from plait.data.prepared import Prepared

MAX_LISTED = 12


@dataclass
class Unread:
    """What could not be read so far.

    Attributes:
        counts: Column -> cells.
        reasons: Column -> what was wrong with the first of them.
    """

    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, prepared: Prepared) -> None:
        """Count those of some prepared rows."""
        for name, num in prepared.num_bad.items():
            self.counts[name] = self.counts.get(name, 0) + num
            first: Mapping[str, Any] = next(iter(prepared.columns[name].bad), {})
            self.reasons.setdefault(name, str(first.get("error", "")))

    @property
    def warnings(self) -> list[str]:
        """A line for people per column, at most a dozen."""
        found = []
        for name, num in list(self.counts.items())[:MAX_LISTED]:
            cells = "1 cell counts" if num == 1 else f"{num:,} cells count"
            reason = f" ({self.reasons[name]})" if self.reasons[name] else ""
            found.append(f"column '{name}': {cells} as missing, being unreadable{reason}")
        more = len(self.counts) - MAX_LISTED
        return [*found, *([f"and unreadable cells of {more} more columns"] if more > 0 else [])]


_now: ContextVar[Unread | None] = ContextVar("unread", default=None)


@contextmanager
def counting_unread() -> Iterator[Unread]:
    """Count what `note_unread` is told while this lasts."""
    found = Unread()
    token = _now.set(found)
    try:
        yield found
    finally:
        _now.reset(token)


def note_unread(prepared: Prepared) -> None:
    """Count the unreadable cells of rows that a model prepared, where somebody counts."""
    found = _now.get()
    if found is not None:
        found.add(prepared)
