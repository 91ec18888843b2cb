"""Chooses whether a script's or a notebook's progress shows, and how."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TextIO, TypeVar

from plait.progress import SILENT, STILL_SECONDS, Progress, TextProgress, open_progress

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

QUIET = "PLAIT_QUIET"
"""Environment variable: when set, nothing that was called from Python says how far it is."""

PYTEST = "PYTEST_CURRENT_TEST"
"""Environment variable that pytest sets while it runs a test."""

HINT = "progress=False, or PLAIT_QUIET=1, says nothing here"


class Line(TextProgress):
    """Rewrites one line of plain text per task: for notebooks, whose output can do no more.

    Args:
        stream: Where to write.
        every_seconds: Least time between two updates of one task.
        clock: Returns seconds; replaced in tests.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        every_seconds: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(every_seconds, STILL_SECONDS / 2, clock)
        self._stream, self._width = stream or sys.stderr, 0

    def _write(self, text: str, *, ended: bool) -> None:
        self._stream.write("\r" + text.ljust(self._width) + ("\n" if ended else ""))
        self._stream.flush()
        self._width = 0 if ended else len(text)


@contextmanager
def listener(progress: Progress | bool | None) -> Iterator[Progress]:
    """Give what a verb that was called from Python reports to.

    Args:
        progress: An object is taken as it is; False says nothing; True shows; None shows in a
            notebook or on a terminal, unless ``PLAIT_QUIET`` is set or pytest runs.
    """
    if progress is False or (progress is None and not _is_watched()):
        yield SILENT
    elif progress is not None and progress is not True:
        yield progress
    elif in_notebook():
        _hint_once()
        line = Line()
        try:
            yield line
        finally:
            line.close()
    else:
        _hint_once()
        with open_progress() as shown:
            yield shown


def heard(progress: Progress | bool | None) -> Progress:
    """Return what a listened verb's own `progress` is: whatever is no object says nothing."""
    return SILENT if progress is None or isinstance(progress, bool) else progress


def listened(verb: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a verb's argument `progress` also be True, False or None; see `listener`."""

    @functools.wraps(verb)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        given: Any = kwargs.pop("progress", None)
        with listener(given) as progress:
            kwargs["progress"] = progress
            return verb(*args, **kwargs)

    return call


def listened_if_asked(verb: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """As `listened`, but None says nothing: for methods that are called often, row by row."""

    @functools.wraps(verb)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        given: Any = kwargs.pop("progress", None)
        with listener(False if given is None else given) as progress:
            kwargs["progress"] = progress
            return verb(*args, **kwargs)

    return call


def in_notebook() -> bool:
    """Tell whether this runs in a kernel of Jupyter, which shows text but is no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell" or (
        "google.colab" in sys.modules and shell is not None
    )


def _is_watched() -> bool:
    if os.environ.get(QUIET) or PYTEST in os.environ:
        return False
    return in_notebook() or sys.stderr.isatty()


_told: set[str] = set()


def _hint_once() -> None:
    if HINT not in _told:
        _told.add(HINT)
        print(HINT, file=sys.stderr)
