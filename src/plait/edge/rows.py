"""Opens rows without Arrow: dicts and lists in memory, CSV and JSON lines files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from plait.data.policy import ReadPolicy
from plait.data.sources.formats import Format
from plait.data.sources.held_files import open_held
from plait.data.sources.opened import Opened, open_in_python
from plait.data.table import Table
from plait.errors import TableError


def rows_of(source: Any, *, root: Path | str | None = None, on_error: str | None = None) -> Table:
    """Return rows as a table in memory, of which nothing is kept on disk.

    Args:
        source: One row, a list of rows, a dict of lists, or the path of a file.
        root: Folder that paths in cells are relative to, and confined in.
        on_error: What an unreadable cell does; None leaves it to the model.

    Raises:
        TableError: It cannot be read, or is of a kind that needs Arrow.
        UsageError: An argument is unknown.
    """
    opened = _opened(source)
    policy = ReadPolicy(root=opened.folder, keep=False)
    told = policy.told(root=root, on_error=on_error, allow_network=None)
    return Table(opened.rows, name=opened.name, policy=replace(told, num_workers=1))


def _opened(source: Any) -> Opened:
    held = open_in_python(source, Format())
    if held is not None:
        return held
    if isinstance(source, str | os.PathLike):
        return open_held(Path(source).expanduser())
    raise TableError(
        "these rows are not read without Arrow",
        expected="a dict of cells, a list of dicts, a dict of lists, or a path",
        received=type(source).__name__,
        hint="of a DataFrame: frame.to_dict('records')",
    )
