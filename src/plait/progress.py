"""Says on standard error how far the work is: a bar with ETA, plain lines, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Update(Protocol):
    """Tells how much of a task is done, in the unit of its total, with a note such as a metric."""

    def __call__(self, done: float, note: str = "") -> None: ...


class Progress(Protocol):
    """What recipes report to."""

    def task(self, name: str, total: float | None = None) -> Update:
        """Begin a task of `total` steps, seconds or rows (None: unknown); finished at `total`."""


class Silent:
    """Says nothing."""

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        return _ignore

    def say(self, text: str) -> None:
        """See `say`."""


class Lines:
    """Writes a line now and then: for logs and terminals that cannot redraw.

    Args:
        stream: Where to write.
        every_seconds: Least time between two lines of one task.
        clock: Returns seconds; replaced in tests.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        every_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._every_seconds = every_seconds
        self._clock = clock

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        began = last = self._clock()
        ended = False

        def update(done: float, note: str = "") -> None:
            nonlocal last, ended
            now, full = self._clock(), total is not None and done >= total
            if ended or (now - last < self._every_seconds and not full):
                return
            last, ended = now, full
            parts = [name, describe(done, total, now - began), note]
            print(" · ".join(part for part in parts if part), file=self._stream, flush=True)

        return update

    def say(self, text: str) -> None:
        """See `say`."""
        print(f"note: {text}", file=self._stream, flush=True)


class Bar:
    """Draws one bar per task with rich, on standard error. Use `open_progress` to close it."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        number = self._bars.add_task(name, total=total, note="")

        def update(done: float, note: str = "") -> None:
            self._bars.update(number, completed=done, note=note)

        return update

    def say(self, text: str) -> None:
        """See `say`."""
        self._bars.console.print(f"note: {text}", markup=False, highlight=False)


SILENT: Progress = Silent()
"""Where recipes report when nobody listens."""


def say(progress: Progress, text: str) -> None:
    """Tell a person at once what cannot wait for the end, where progress is shown and can tell."""
    tell: Callable[[str], None] | None = getattr(progress, "say", None)
    if tell is not None:
        tell(text)


@contextmanager
def open_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Give what fits the terminal: nothing when quiet, a bar on a terminal, else plain lines."""
    if quiet:
        yield SILENT
    elif not sys.stderr.isatty():
        yield Lines()
    else:
        with _rich_bars() as bars:
            yield Bar(bars)


def describe(done: float, total: float | None, seconds: float) -> str:
    """Return ``45 % · 1:20 left``, or the time so far where the total is unknown.

    >>> describe(25, 100, 30.0)
    '25 % · 1:30 left'
    """
    if not total:
        return f"{done:g} · {clock_time(seconds)}"
    share = min(max(done / total, 0.0), 1.0)
    if share >= 1.0:
        return f"done in {clock_time(seconds)}"
    left = f"{clock_time(seconds / share * (1 - share))} left" if share > 0 else ""
    return " · ".join(part for part in (f"{share:.0%}".replace("%", " %"), left) if part)


def clock_time(seconds: float) -> str:
    """Return seconds as ``m:ss`` or ``h:mm:ss``.

    >>> clock_time(75), clock_time(3723)
    ('1:15', '1:02:03')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _ignore(done: float, note: str = "") -> None:
    return None


def _rich_bars() -> RichProgress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )
