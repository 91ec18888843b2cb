"""The files of what may be an encoder, in a folder or a zip archive: sizes, and small texts.

Guarantees: no file of weights is opened; a link that leads out of its place counts as no file; what
is read and how many files are looked at is limited. Does not guarantee: that a file is what its
name says; `plait.backbones.checkpoint.open_checkpoint` checks that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from plait.data.sources.zipped import opened_zip
from plait.errors import TableError

MAX_FILES, MAX_MEMBERS = 500, 2000
MAX_TEXT_BYTES = 2**20


class Files(Protocol):
    """Attributes:
    sizes: Name below the encoder's folder, with ``/``, -> bytes; two levels deep.
    strays: Names of links that lead out of the place.
    """

    sizes: dict[str, int]
    strays: tuple[str, ...]

    def text(self, name: str) -> str | None:
        """Return a small text file; None where it is not there, too large, or no text."""


class FolderFiles:
    """The files of a folder.

    Args:
        folder: The encoder's.
        root: What links must not lead out of.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._root = folder, root.resolve()
        self.sizes: dict[str, int] = {}
        strays = []
        for name, path in _two_levels(folder):
            found = confined(path, self._root)
            if found is None:
                strays.append(name)
            elif found.is_file():
                self.sizes[name] = found.stat().st_size
        self.strays = tuple(strays)

    def text(self, name: str) -> str | None:
        """See `Files.text`."""
        if self.sizes.get(name, MAX_TEXT_BYTES + 1) > MAX_TEXT_BYTES:
            return None
        try:
            with (self._folder / name).open("rb") as stream:
                return stream.read(MAX_TEXT_BYTES).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None


class ZipFiles:
    """The files of a zip archive, of its only folder where all lie in one.

    Args:
        path: The archive.

    Attributes:
        folder: Name of that folder; "" where there is none.

    Raises `TableError` when it is damaged, protected, or has too many members.
    """

    strays: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened_zip(path, "zip archive") as archive:
            members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise TableError(
                "the zip archive has too many members for an encoder",
                expected=f"at most {MAX_MEMBERS:,}",
                received=f"{len(members):,}",
                path=path,
            )
        sizes = {one.filename: one.file_size for one in members if not one.is_dir()}
        tops = {PurePosixPath(name).parts[0] for name in sizes if name}
        alone = len(tops) == 1 and not tops & set(sizes)
        self.folder = tops.pop() if alone else ""
        self.sizes = {self._inner(name): size for name, size in sizes.items()}

    def text(self, name: str) -> str | None:
        """See `Files.text`."""
        if self.sizes.get(name, MAX_TEXT_BYTES + 1) > MAX_TEXT_BYTES:
            return None
        try:
            with (
                opened_zip(self._path, "zip archive") as archive,
                archive.open(self.outer(name)) as stream,
            ):
                return stream.read(MAX_TEXT_BYTES).decode("utf-8")
        except (TableError, UnicodeDecodeError):
            return None

    def outer(self, name: str) -> str:
        """Return the member's name of one of the files."""
        return f"{self.folder}/{name}" if self.folder else name

    def _inner(self, name: str) -> str:
        return name.removeprefix(self.folder + "/") if self.folder else name


def read_settings(files: Files, name: str) -> tuple[Any, str]:
    """Return a JSON file's content, and why it cannot be read ("" where it can or is absent)."""
    if name not in files.sizes:
        return None, ""
    text = files.text(name)
    if text is None:
        return None, f"{name} cannot be read, or is larger than {MAX_TEXT_BYTES // 2**20} MB"
    try:
        return json.loads(text), ""
    except (ValueError, RecursionError):
        return None, f"{name} is not JSON"


def confined(path: Path, root: Path) -> Path | None:
    """Return where a path leads, links followed; None where that is out of `root`, or nowhere."""
    try:
        found = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return found if found.is_relative_to(root) else None


def _two_levels(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give names and paths of the files of a folder and of those right below it, limited."""
    left = MAX_FILES
    for entry in _entries(folder):
        inside = _entries(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else [entry]
        for one in inside:
            if not one.is_dir(follow_symlinks=False):
                yield Path(one.path).relative_to(folder).as_posix(), Path(one.path)
                left -= 1
            if left <= 0:
                return


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return a folder's entries by name; none where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []
