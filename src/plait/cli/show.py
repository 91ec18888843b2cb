"""Prints results: JSON for programs, tables readable without colour for people."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plait.cli.grid import grid

Show = Callable[[dict[str, Any]], None]

PIPED_WIDTH = 160

_HALF = re.compile("[\ud800-\udfff]")


def emit(result: dict[str, Any], *, as_json: bool, show: Show) -> None:
    """Print a verb's result: as one JSON object, or by `show` for people."""
    if as_json:
        print_json(result)
    else:
        show(result)


def say_notes(result: Mapping[str, Any]) -> None:
    """Print what a person should know of a result on standard error, a note per line."""
    for note in result.get("notes") or []:
        print(f"note: {note}", file=sys.stderr)


def print_json(data: Mapping[str, Any]) -> None:
    """Print one line of JSON on standard output; NaN and infinity become null.

    Halves of letters (lone surrogates), which no encoding has, are written as JSON's escapes.
    """
    told = plain(data)
    text = json.dumps(told, ensure_ascii=False, allow_nan=False)
    print(json.dumps(told, allow_nan=False) if _HALF.search(text) else text)


def plain(value: Any) -> Any:
    """Return the value in JSON's own types; NumPy numbers and arrays and paths are converted."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table on standard output; the first row's keys are the columns."""
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    numeric = [all(isinstance(row.get(name), int | float | None) for row in rows) for name in names]
    cells = [[text_of(row.get(name)) for name in names] for row in rows]
    # Piped output is not cut to 80 columns: it is read by programs and logs.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH
    lines = grid([str(name) for name in names], cells, numeric=numeric, width=width)
    print("\n".join([*([title] if title else []), "", *lines, ""]))


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values in two columns, leaving out what is None."""
    shown = {name: text_of(value) for name, value in facts.items() if value is not None}
    width = max((len(name) for name in shown), default=0) + 2
    for name, value in shown.items():
        print(f"{name.ljust(width)}{value}")


def print_lines(label: str, lines: Sequence[object]) -> None:
    """Print each line behind a label, as ``warning: the column is constant``."""
    for line in lines:
        print(f"{label}: {text_of(line)}")


def print_warnings(result: Mapping[str, Any]) -> None:
    """Print what a result warns of on standard error, where output that is piped on lacks it."""
    for line in result.get("warnings") or []:
        print(f"warning: {line}", file=sys.stderr)


def text_of(value: Any) -> str:
    """Return a value as short text: four digits for fractions, commas in lists."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text_of(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(text_of(item) for item in value)
    return str(value)


def with_intervals(
    metrics: Mapping[str, float],
    intervals: Mapping[str, Sequence[float]] | None,
    unit: str = "",
) -> dict[str, str]:
    """Return each metric as ``0.91 [0.88, 0.94]``, with its 95 % interval where known.

    The names of metrics in the target's `unit` say it: ``rmse [kg]``.
    """
    from plait.display import named_in_unit

    found = intervals or {}
    return {
        named_in_unit(name, unit): text_of(value)
        + (f" [{text_of(found[name][0])}, {text_of(found[name][1])}]" if name in found else "")
        for name, value in metrics.items()
    }


def open_page(path: Path) -> bool:
    """Open a page in a browser where a screen is attached; tells whether it was tried."""
    screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not screen or os.environ.get("CI"):
        return False
    return webbrowser.open(path.resolve().as_uri())
