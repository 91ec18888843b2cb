"""Opens zip files with limits: what comes out is counted against what went in."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from plait.errors import TableError
from plait.modalities.limits import LIMITS

MAX_UNPACKED_BYTES = 16 * 2**30
MAX_MEMBERS = 200_000

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
    KeyError,
    OSError,
    RuntimeError,
)
"""What Python raises when a zip file is damaged or of a kind that it does not know."""


class Allowance:
    """How many bytes may still come out of a packed file.

    Args:
        path: The packed file, whose size sets the allowance.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_packed = path.stat().st_size
        self._most = min(
            MAX_UNPACKED_BYTES,
            LIMITS.free_bytes + int(LIMITS.decompression_ratio * self.num_packed),
        )
        self._num = 0

    def spend(self, num_bytes: int) -> None:
        """Count bytes that came out. Raises `TableError` when there are too many."""
        self._num += num_bytes
        if self._num > self._most:
            raise TableError(
                "unpacking would expand the file beyond the limit",
                expected=f"at most {self._most} bytes",
                received=f"{self.num_packed} bytes that unpack to more",
                path=self.path,
                hint="if you trust it, unpack it yourself and name the file inside",
            )


class Counted(io.RawIOBase):
    """A stream that is charged to an allowance as it is read."""

    def __init__(self, stream: IO[bytes], allowance: Allowance) -> None:
        self._stream, self._allowance = stream, allowance

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, in pieces, so that a bomb is stopped before it is held."""
        pieces, wanted = [], size if size >= 0 else MAX_UNPACKED_BYTES + 1
        while wanted > 0:
            piece = self._stream.read(min(wanted, 2**20))
            if not piece:
                break
            self._allowance.spend(len(piece))
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)


@contextmanager
def opened_zip(path: Path, kind: str) -> Iterator[zipfile.ZipFile]:
    """Give the opened zip file; whatever is wrong with it becomes a `TableError`.

    Args:
        path: The file.
        kind: For messages, as "spreadsheet".
    """
    try:
        with zipfile.ZipFile(path) as file:
            if len(file.infolist()) > MAX_MEMBERS:
                raise TableError(
                    f"the {kind} has too many members",
                    expected=f"at most {MAX_MEMBERS:,}",
                    received=f"{len(file.infolist()):,}",
                    path=path,
                    hint="unpack it yourself and name the folder",
                )
            if any(member.flag_bits & 1 for member in file.infolist()):
                raise locked(kind, path)
            yield file
    except TableError:
        raise
    except BROKEN as error:
        raise TableError(
            f"the {kind} cannot be read",
            expected=f"a whole {kind}",
            received=str(error) or type(error).__name__,
            path=path,
            hint="was it copied to its end, and has it the right ending?",
        ) from None


def locked(kind: str, path: Path) -> TableError:
    """Return the error for a file that needs a password."""
    return TableError(
        f"the {kind} is protected by a password",
        expected="a file without one",
        path=path,
        hint="open it and save it again without a password",
    )
