"""Answers written as other tools read them: one file for all rows, or a folder of files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.data.table import Table
from plait.errors import UsageError
from plait.model.model import Model
from plait.model.several import predicted
from plait.progress import Progress
from plait.recipes.parts import answered_parts
from plait.recipes.row_files import STDOUT, writing_to
from plait.types import is_missing
from plait.writing import write_folder

CHUNK_ROWS = 1024
OURS = (".xml", ".txt", ".wav")
"""Endings of the files in a folder that an earlier export left."""


def export_form(model: Model, out: Path, said: str | None) -> str:
    """Return the form of a target's own in which answers go to a file; "" for rows of a table.

    It is the form that was said, or whose one file ends as `out` does.
    """
    if model.target is None:
        return ""
    forms: Mapping[str, str] = {}
    for one in predicted(model).values():
        forms = {**getattr(one.target_codec, "exports", {}), **forms}
    if said is not None:
        return said if said in forms else ""
    ending = out.suffix.lower()
    return next((form for form, own in forms.items() if own and own == ending), "")


def export(
    model: Model,
    rows: Table,
    answer_rows: Any,
    out: Path,
    form: str,
    *,
    force: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Write what is said of rows in a form of their target's, whole or not at all.

    Args:
        model: Whose target knows the form.
        rows: The table.
        answer_rows: Answers a part of it.
        out: A file, or a folder for a form of many files.
        form: See `export_form`.
        force: Whether a folder that an earlier export left is replaced.
        progress: Told of the work.

    Returns:
        ``rows``, ``out``, ``columns`` (none), ``files``: how many were written.

    Raises:
        UsageError: Standard output or an existing folder for a form of many files.
    """
    name, codec = _target(model, form)
    single = bool(codec.exports[form])
    if not single:
        _check_folder(out, form, force)
    media, raws = rows.media(), list[Any]()
    for _, _, columns in answered_parts(rows, answer_rows, progress, CHUNK_ROWS):
        raws += [None if is_missing(cell) else codec.read(cell, media) for cell in columns[name]]
    files = codec.export(form, raws, _names(model, rows))
    if single:
        with writing_to(out) as temporary:
            temporary.write_bytes(files[""])
    else:
        with write_folder(out) as folder:
            for file, content in files.items():
                (folder / file).write_bytes(content)
    return {"rows": rows.num_rows, "out": str(out), "columns": [], "files": len(files)}


def _target(model: Model, form: str) -> tuple[str, Any]:
    """Return column of the answer and codec of the first target that knows the form."""
    for name, one in predicted(model).items():
        if form in getattr(one.target_codec, "exports", {}):
            return name, one.target_codec
    raise UsageError("no target is written so", received=form)


def _names(model: Model, rows: Table) -> list[str]:
    """Return what tells each row in a file: its path in the first input column of paths, else its
    number."""
    for name in model.inputs:
        if name in rows.column_names:
            cells = rows.column(name)
            paths = [cell.get("path") if isinstance(cell, Mapping) else cell for cell in cells]
            if any(isinstance(path, str | os.PathLike) for path in paths) and all(
                path is None or _is_path(path) for path in paths
            ):
                return [str(path or f"row {row}") for row, path in enumerate(paths)]
    return [f"row {row}" for row in range(rows.num_rows)]


def _is_path(cell: Any) -> bool:
    text = str(cell)
    return isinstance(cell, str | os.PathLike) and len(text) < 1000 and bool(Path(text).suffix)


def _check_folder(out: Path, form: str, force: bool) -> None:
    if str(out) == STDOUT:
        raise UsageError(
            f"'{form}' is a file for each row, which cannot go to standard output",
            expected="a folder",
            hint=f"name one with --out {form}",
        )
    if not out.exists():
        return
    ours = out.is_dir() and all(p.suffix in OURS for p in out.iterdir())
    if not (ours and (force or not any(out.iterdir()))):
        raise UsageError(
            "the folder to write exists already",
            expected="a new path",
            path=out,
            hint="name another with --out" + (", or replace it with --force" if ours else ""),
        )
