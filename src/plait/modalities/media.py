"""Opens the media that cells point to: confined to the table's folder, limited in size, offline."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.types import Cell


@dataclass(frozen=True)
class Media:
    """Where cells with paths are looked up.

    Guarantees: a relative or absolute path is followed only when, after resolving links, it lies
    inside `root`; a URL is refused unless `allow_network`, and then fetched as `fetching` says;
    nothing over the byte limit is read.
    Does not guarantee: that the file is what its name says; decoders check that.

    Attributes:
        root: Folder that paths are relative to and confined in.
        allow_network: Whether ``http(s)://`` cells may be fetched.
        decimal: The decimal mark of all numbers in the table's text, where the person named it;
            it wins over what a codec learned from another table.
    """

    root: Path
    allow_network: bool = False
    decimal: str | None = None

    @cached_property
    def _real_root(self) -> str:
        """The root without links, as it was when the first cell was looked up."""
        return os.path.realpath(self.root)

    def locate(self, cell: str) -> Path:
        """Return the file that a path cell names. Raises `CellError` when absent or outside."""
        root = self._real_root
        try:
            full = os.path.realpath(os.path.join(root, cell.strip()))
        except ValueError as error:
            raise CellError("not a path", received=cell, hint=str(error)) from None
        if full != root and not full.startswith(root.rstrip(os.sep) + os.sep):
            raise CellError(
                "a path leads out of the table's folder",
                expected=f"a file inside {root}",
                received=cell if full == cell.strip() else f"{cell}, which is {full}",
                hint=f"name the folder of the media: --root {_root_of(full, cell.strip())}, "
                "or one that holds all of them",
            )
        if not os.path.isfile(full):
            raise CellError(
                "the file does not exist" if not os.path.isdir(full) else "the path is a folder",
                expected="a file",
                path=full,
                hint="mend the path, or use --on-error skip to count such cells as missing",
            )
        return Path(full)

    def read_bytes(self, cell: Cell) -> bytes:
        """Return the bytes of a path, bytes, ``{"bytes", "path"}`` or (if allowed) URL cell."""
        if isinstance(cell, dict):
            inner = cell.get("bytes")
            return self.read_bytes(inner if inner is not None else cell.get("path"))
        if isinstance(cell, bytes | bytearray | memoryview):
            data = bytes(cell)
        elif isinstance(cell, str | os.PathLike):
            data = self._read_named(str(cell))
        else:
            raise CellError(
                "the cell is neither a path nor bytes",
                expected="a path relative to the table, or bytes",
                received=type(cell).__name__,
            )
        check_num_bytes(len(data))
        if not data:
            raise CellError("the file is empty", expected="at least one byte", path=_name(cell))
        return data

    def _read_named(self, name: str) -> bytes:
        if name.strip().lower().startswith(("http://", "https://")):
            return self._fetch(name)
        path = self.locate(name)
        check_num_bytes(path.stat().st_size, path)
        return path.read_bytes()

    def _fetch(self, url: str) -> bytes:
        if not self.allow_network:
            raise CellError(
                "a cell holds a URL, and the network is not allowed",
                expected="a path relative to the table",
                received=url,
                hint="download the files first, or pass --allow-network",
            )
        from plait.modalities.fetching import fetch

        return fetch(url.strip())


def check_num_bytes(num_bytes: int, path: Any = None) -> None:
    """Raise `LimitError` when a file is larger than ``LIMITS.num_bytes``."""
    if num_bytes > LIMITS.num_bytes:
        raise LimitError(
            "the file is too large",
            expected=f"at most {LIMITS.num_bytes} bytes",
            received=f"{num_bytes} bytes",
            path=path,
            hint="shorten or shrink it",
        )


def check_ratio(num_decoded: int, num_encoded: int) -> None:
    """Raise `LimitError` when decoding would blow up far beyond the encoded size."""
    if num_decoded > LIMITS.free_bytes and num_decoded > LIMITS.decompression_ratio * num_encoded:
        raise LimitError(
            "decoding would expand the file beyond the decompression limit",
            expected=f"at most {LIMITS.decompression_ratio:.0f} times its size",
            received=f"{num_encoded} bytes that decode to {num_decoded}",
            hint="re-save the file from a trusted source",
        )


def _name(cell: Cell) -> str | None:
    return str(cell) if isinstance(cell, str | os.PathLike) else None


def _root_of(full: str, cell: str) -> str:
    """Return the folder from which a cell's own path leads to the file, else the file's folder."""
    own = os.sep + os.path.normpath(cell)
    return full.removesuffix(own) if full.endswith(own) and full != own else os.path.dirname(full)
