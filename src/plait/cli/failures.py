"""Turns what went wrong into a message and an exit code; a bug keeps its traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from plait.cli.show import print_json
from plait.errors import ExtraError, PlaitError, StorageError
from plait.storing import storage_failure
from plait.writing import OUTPUT

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it: 128 + SIGINT."""

PRINTERS = ("plait.cli", "rich.", "typer.", "click.")
"""Modules whose writes without a file's name go to standard output."""


@dataclass(frozen=True)
class Failure:
    """What is told about a failed command.

    Attributes:
        text: For people, in lines; a last line ``hint: ...`` says how to mend it.
        data: The same for programs.
        exit_code: 1 the work failed, 2 the call was wrong, 130 stopped.
        on_error: Whether only standard error can still be written.
    """

    text: str
    data: dict[str, Any]
    exit_code: int
    on_error: bool = False

    def tell(self, *, as_json: bool) -> None:
        """Print it: text on standard error, or one JSON object on standard output."""
        if as_json and not self.on_error:
            print_json(self.data)
        else:
            print(f"error: {self.text}", file=sys.stderr)


def failure_of(error: BaseException, words: Sequence[str]) -> Failure | None:
    """Return what to tell about an error, or None for a bug, whose traceback is wanted."""
    if isinstance(error, StorageError) and error.path == OUTPUT:
        _silence_output()
        return Failure(str(error), error.as_dict(), error.exit_code, on_error=True)
    if isinstance(error, PlaitError):
        return Failure(str(error), error.as_dict(), error.exit_code)
    if isinstance(error, KeyboardInterrupt | typer.Abort | Stopped):
        return _stopped(error)
    if isinstance(error, BrokenPipeError):
        return _closed_pipe()
    if isinstance(error, ModuleNotFoundError):
        return _missing_module(error, words)
    if isinstance(error, OSError):
        return _system_failure(error)
    if hasattr(error, "format_message"):
        return _wrong_call(error, words)
    return None


class Stopped(Exception):
    """A fit or a tune was stopped by Ctrl-C and left what ``--resume`` goes on from.

    Its text, where it has one, says how far the work came.
    """


def _stopped(error: BaseException) -> Failure:
    kept = isinstance(error, Stopped)
    hint = "repeat the command with --resume to go on from the last checkpoint" if kept else None
    far = str(error) if kept else ""
    text = "stopped" + (f": {far}" if far else "") + (f"\nhint: {hint}" if hint else "")
    what = "stopped by Ctrl-C" + (f": {far}" if far else "")
    data = {"error": "Stopped", "what": what} | ({"hint": hint} if hint else {})
    return Failure(text, data, STOPPED)


def _missing_module(error: ModuleNotFoundError, words: Sequence[str]) -> Failure | None:
    from plait.recipes.extras import extra_of

    extra = extra_of(error.name)
    if extra is None:
        return None
    return failure_of(ExtraError(extra, "plait " + "".join(words[:1])), words)


def _wrong_call(error: Any, words: Sequence[str]) -> Failure:
    # Typer's own errors: older versions take them from click, newer ones carry a copy.
    what = error.format_message()
    verb = next((word for word in words[:1] if not word.startswith("-")), "")
    hint = " ".join(part for part in ("plait", verb, "--help") if part)
    if "No such command" in what:
        hint = "plait --help"
    data = {"error": "UsageError", "what": what, "hint": hint}
    return Failure(f"{what}\nhint: {hint}", data, getattr(error, "exit_code", 2))


def _system_failure(error: OSError) -> Failure:
    closed = _output_failure(error)
    if closed is not None:
        return closed
    failure = storage_failure(error, None)
    if failure is not None:
        return Failure(str(failure), failure.as_dict(), failure.exit_code)
    what = error.strerror or str(error)
    path = None if error.filename is None else str(error.filename)
    data = {"error": type(error).__name__, "what": what} | ({"path": path} if path else {})
    return Failure(what + (f"\n  where:    {path}" if path else ""), data, 1)


def flush_output() -> None:
    """Write what is held back of standard output now, while a failure can still be told."""
    sys.stdout.flush()


def _output_failure(error: OSError) -> Failure | None:
    """Return what to tell where standard output itself cannot be written; None where it can."""
    failure = storage_failure(error, None)
    if failure is None or error.filename is not None or not _was_printing(error):
        return None
    _silence_output()
    failure.at(path=OUTPUT)
    return Failure(str(failure), failure.as_dict(), 1, on_error=True)


def _was_printing(error: OSError) -> bool:
    """Tell whether an error arose in the command line or the packages that it prints with."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    name = "" if frame is None else frame.tb_frame.f_globals.get("__name__", "")
    return name.startswith(PRINTERS)


def _closed_pipe() -> Failure:
    _silence_output()
    return Failure("the output was closed", {"error": "BrokenPipeError"}, 1)


def _silence_output() -> None:
    """Have nothing written at exit either, or Python complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
