"""How long reading a table takes: foreseen from its first rows, and said where little is left."""

from __future__ import annotations

from collections.abc import Callable

from plait.fitting.setup.timetable import Timetable
from plait.progress import Update, clock_time

FORESEEN_SECONDS = 0.5
"""Rows that took so long tell how long all of them take; so does the last row, in any case."""

MOST_SHARE = 0.5
"""Where reading alone takes more of the budget than this, the rest must do with little."""

ROOM = 2.0
"""A budget of so many times what reading takes leaves enough for the rest."""


class ReadingTime:
    """Watches rows being read, and says once when that takes most of the budget.

    Args:
        timetable: Of the fit.
        num_rows: How many there are to read.
        update: Told of every row in turn.
        tell: Told a sentence, at once.
    """

    def __init__(
        self, timetable: Timetable, num_rows: int, update: Update, tell: Callable[[str], None]
    ) -> None:
        self._timetable, self._num_rows = timetable, num_rows
        self._update, self._tell = update, tell
        self._began = timetable.clock()
        self._said = timetable.seconds is None

    def __call__(self, done: float, note: str = "") -> None:
        """Take note that so many rows were read."""
        self._update(done, note)
        spent = self._timetable.clock() - self._began
        foreseeable = spent >= FORESEEN_SECONDS or done >= self._num_rows
        if self._said or not done or not foreseeable:
            return
        self._said = True
        foreseen = self._began - self._timetable.began + spent / done * self._num_rows
        budget = self._timetable.seconds or 0.0
        if foreseen > MOST_SHARE * budget:
            said = _sentence(foreseen, budget)
            self._timetable.said.append(said)
            self._tell(said)


def _sentence(foreseen: float, budget: float) -> str:
    over = " and takes longer than that" if foreseen > budget else ""
    return (
        f"reading this table takes about {clock_time(foreseen)} of the {clock_time(budget)} that "
        f"were given{over}: the simplest models share what is left; "
        f"{clock_time(ROOM * foreseen)} and more leave time to learn"
    )
