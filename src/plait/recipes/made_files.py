"""Generated values that are files: written beside the output, and named in its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from plait.errors import UsageError
from plait.modalities import MadeFile
from plait.provenance.notice import Notice
from plait.recipes.notices import stamped
from plait.recipes.row_files import STDOUT, bare
from plait.writing import write_folder

OURS = re.compile(r"^(\w+_)?\d{6,}\.\w+$")
"""Names of the files in a folder that an earlier output left."""


class MadeFiles:
    """A folder ``NAME.files`` beside the output ``NAME.csv``, made when the first file comes.

    As a context: the folder appears whole or not at all.

    Args:
        out: The output; ``-`` for standard output.
        notice: Column of the answer and row -> what the file of it says of where it is from.
        force: Whether the folder of an earlier output is replaced; never one that holds others.
    """

    def __init__(self, out: Path, notice: Callable[[str, int], Notice], *, force: bool) -> None:
        self._out, self._notice, self._force = out, notice, force
        self._folder = out.with_name(f"{bare(out).stem}.files")
        self._temporary: Path | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *stopped: Any) -> None:
        self._stack.__exit__(*stopped)

    def named(self, answer: Mapping[str, Any], first: int) -> dict[str, Any]:
        """Return an answer with its files written, and their paths in their places.

        Args:
            answer: Columns of some rows.
            first: Number of the first of them in the table.

        Raises `UsageError` for standard output, or where the folder is taken.
        """
        return {name: self._column(name, values, first) for name, values in answer.items()}

    def _column(self, name: str, values: Any, first: int) -> Any:
        if not any(isinstance(value, MadeFile) for value in values):
            return values
        return [
            self._write(value, name, first + row) if isinstance(value, MadeFile) else value
            for row, value in enumerate(values)
        ]

    def _write(self, value: MadeFile, name: str, row: int) -> str:
        folder = self._open()
        mark = "" if name == "prediction" else re.sub(r"\W+", "_", name) + "_"
        file = f"{mark}{row:06d}{value.ending}"
        content = stamped(value.content, value.ending, self._notice(name, row))
        (folder / file).write_bytes(content)
        return f"{self._folder.name}/{file}"

    def _open(self) -> Path:
        if self._temporary is None:
            if str(self._out) == STDOUT:
                raise UsageError(
                    "generated files cannot go to standard output",
                    expected="a file, beside which they are written",
                    hint="name one with --out predictions.csv",
                )
            self._check()
            self._temporary = self._stack.enter_context(write_folder(self._folder))
        return self._temporary

    def _check(self) -> None:
        if not self._folder.exists():
            return
        ours = self._folder.is_dir() and all(OURS.search(p.name) for p in self._folder.iterdir())
        if not (ours and self._force):
            raise UsageError(
                "the folder of the generated files exists already",
                expected="a new path",
                path=self._folder,
                hint="name another output with --out"
                + (", or replace it with --force" if ours else ""),
            )
