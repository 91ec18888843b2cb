"""Says on standard error how far the work is: a bar with ETA, plain lines, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
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


STILL_SECONDS = 2.0
"""A line is written at least so often while there is an end to wait for."""


def expect_end(progress: Progress, end: float | None) -> None:
    """Tell a progress when all of its work will be done, of `time.monotonic`, where it can say so.

    From then on the time left is that until the end, and it never stands still.
    """
    expect = getattr(progress, "expect", None)
    if expect is not None and end is not None:
        expect(end)


class Silent:
    """Says nothing."""

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        return _ignore

    def say(self, text: str) -> None:
        """See `say`."""


class TextProgress(ABC):
    """Says in words how far the last task is, and goes on saying so while there is an end.

    Args:
        every_seconds: Least time between two updates of one task.
        still_seconds: After so long without a word, a beat says what is being done.
        clock: Returns seconds; replaced in tests.
    """

    def __init__(
        self, every_seconds: float, still_seconds: float, clock: Callable[[], float]
    ) -> None:
        self._every_seconds, self._still_seconds = every_seconds, still_seconds
        self._clock = clock
        self._name, self._end = "", 0.0
        self._last = clock()
        self._heart: Heartbeat | None = None

    @abstractmethod
    def _write(self, text: str, *, ended: bool) -> None:
        """Write what is said, of a task that may have `ended` with it."""

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        began = last = self._clock()
        self._name = name
        ended = False

        def update(done: float, note: str = "") -> None:
            nonlocal last, ended
            now, full = self._clock(), total is not None and done >= total
            if ended or (now - last < self._every_seconds and not full):
                return
            last, ended = now, full
            said = describe(done, total, now - began) if full or not self._end else self._left(now)
            self._say(name, said, note, ended=full)

        return update

    def say(self, text: str) -> None:
        """See `say`."""
        self._write(f"note: {text}", ended=True)

    def expect(self, end: float) -> None:
        """See `expect_end`: go on though nothing is told for long."""
        self._end = end
        if self._heart is None:
            self._heart = Heartbeat(self.beat)

    def beat(self) -> None:
        """Say what is being done and how long it still takes, if nothing was said lately."""
        now = self._clock()
        if self._name and now - self._last >= self._still_seconds:
            self._say(self._name, self._left(now), ended=False)

    def close(self) -> None:
        """Stop the beats."""
        if self._heart is not None:
            self._heart.stop()
            self._heart = None

    def _left(self, now: float) -> str:
        return f"{clock_time(max(self._end - now, 0.0))} left"

    def _say(self, *parts: str, ended: bool) -> None:
        self._last = self._clock()
        self._write(" · ".join(filter(None, parts)), ended=ended)


class Lines(TextProgress):
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
        super().__init__(every_seconds, STILL_SECONDS, clock)
        self._stream = stream or sys.stderr

    def _write(self, text: str, *, ended: bool) -> None:
        print(text, file=self._stream, flush=True)


class Heartbeat:
    """Calls a function several times a second, from a thread of its own, until stopped.

    Args:
        beat: What is called.
        every_seconds: How often.
    """

    def __init__(self, beat: Callable[[], None], every_seconds: float = 0.25) -> None:
        self._beat, self._every = beat, every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="progress")
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for a call that is under way."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._beat()


class Bar:
    """Draws one bar per task with rich, on standard error. Use `open_progress` to close it."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._heart: Heartbeat | None = None

    def task(self, name: str, total: float | None = None) -> Update:
        """See `Progress.task`."""
        number = self._bars.add_task(name, total=total, note="")

        def update(done: float, note: str = "") -> None:
            self._bars.update(number, completed=done, note=note)

        return update

    def expect(self, end: float) -> None:
        """See `expect_end`: a bar for all of the work, moved by the clock."""
        if self._heart is not None:
            return
        began = time.monotonic()
        whole = max(end - began, 1e-3)
        number = self._bars.add_task("all", total=whole, note="")

        def beat() -> None:
            now = time.monotonic()
            left = f"{clock_time(max(end - now, 0.0))} left of the budget"
            self._bars.update(number, completed=min(now - began, whole), note=left)

        self._heart = Heartbeat(beat)

    def close(self) -> None:
        """Stop the clock's bar."""
        if self._heart is not None:
            self._heart.stop()
            self._heart = None

    def say(self, text: str) -> None:
        """See `say`."""
        self._bars.console.print(f"note: {text}", markup=False, highlight=False)


SILENT: Progress = Silent()
"""Where recipes report when nobody listens."""


@contextmanager
def bars_on_terminal(*, quiet: bool) -> Iterator[Progress]:
    """As `open_progress`, but silent where nobody watches: for work that is short as a rule."""
    with open_progress(quiet=quiet or not sys.stderr.isatty()) as progress:
        yield progress


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
        lines = Lines()
        try:
            yield lines
        finally:
            lines.close()
    else:
        with _rich_bars() as bars:
            bar = Bar(bars)
            try:
                yield bar
            finally:
                bar.close()


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
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description:<18}"),
        progress.BarColumn(bar_width=24),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("ETA"),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    )
