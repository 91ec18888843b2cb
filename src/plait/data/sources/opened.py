"""Opens whatever a person hands over: Python's own lists need no Arrow, all else its reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.data.sources.dicts import rows_in_python
from plait.data.sources.formats import Format
from plait.data.sources.rows import Opened


def open_in_python(source: Any, said: Format) -> Opened | None:
    """Return the rows of dicts and lists; None of anything else.

    Raises:
        TableError: No rows, doubled names, columns of unequal length, an element that is no dict.
        UsageError: Something was said of a file's format.
    """
    if not isinstance(source, Mapping | list | tuple):
        return None
    said.refuse("encoding", "delimiter", "sheet", kind="a table in memory")
    return Opened(rows_in_python(source), "table", Path.cwd())


def open_any(source: Any, said: Format) -> Opened:
    """Return what is open: Python's own lists at once, anything else by its kind.

    Raises as `plait.data.sources.opening.open_source`.
    """
    held = open_in_python(source, said)
    if held is not None:
        return held
    from plait.data.sources.opening import open_source

    return open_source(source, said)
