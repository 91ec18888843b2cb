"""Says what hinders storing and how to mend that: a full disk, a place out of reach."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plait.errors import PlaitError, StorageError

MEGABYTE = 1e6

_FULL = {errno.ENOSPC: "the disk is full", errno.EFBIG: "the file grows larger than it may"}
_FULL[getattr(errno, "EDQUOT", errno.ENOSPC)] = _FULL.get(
    getattr(errno, "EDQUOT", errno.ENOSPC), "the disk quota is used up"
)
_ANYWHERE = _FULL | {
    errno.EROFS: "the disk is read-only",
    errno.EMFILE: "too many files are open in this process",
    errno.ENFILE: "too many files are open on this machine",
}
"""What is told of an error wherever it was met."""

_HERE = {
    errno.EACCES: "there is no permission to write here",
    errno.EPERM: "there is no permission to write here",
    errno.EISDIR: "a folder lies at the place of the file",
    errno.ENOTDIR: "a file lies where a folder should be",
    errno.EEXIST: "a file lies where a folder should be",
    errno.ENAMETOOLONG: "the name is too long",
}
"""And of one that concerns the place that was written to."""

_HINTS = {
    **dict.fromkeys(_FULL, "free some space, or name a place on another disk"),
    errno.EMFILE: "close other files, or raise the limit: ulimit -n 4096",
    errno.ENFILE: "end other programs, or raise the limit fs.file-max",
}
_ELSEWHERE = "name a place that can be written to"


@contextmanager
def storing(
    path: Path | str, *, num_bytes: int | None = None, hint: str | None = None
) -> Iterator[None]:
    """Raise what hinders writing to `path` inside the block as `StorageError`.

    Args:
        path: The file or folder that is written.
        num_bytes: How much is to be written, where that is known.
        hint: How to mend a failure, where that is not the usual way.
    """
    try:
        yield
    except Exception as error:
        failure = storage_failure(error, path, num_bytes=num_bytes, hint=hint)
        if failure is None:
            raise
        raise failure from error


def storage_failure(
    error: BaseException,
    path: Path | str | None,
    *,
    num_bytes: int | None = None,
    hint: str | None = None,
) -> StorageError | None:
    """Return what an error says about storage, or None when it is about something else.

    Writers in other languages raise errors of their own, with the system's number in the text.
    Without a `path`, only what is the same for all places is told: a full disk, too many files.
    """
    if isinstance(error, PlaitError):
        return None
    number = _number_of(error)
    what = _ANYWHERE.get(number)
    if what is None and path and isinstance(error, OSError) and _concerns(error, Path(path)):
        what = _HERE.get(number, "it cannot be written")
    if what is None:
        return None
    path = path or getattr(error, "filename", None)
    needed = "" if num_bytes is None else f"{_size(num_bytes)} of "
    return StorageError(
        what,
        expected=f"{needed}free space" if number in _FULL else "a place that can be written to",
        received=_received(error, number, path),
        path=path,
        hint=hint or _HINTS.get(number, _ELSEWHERE),
    )


def _size(num_bytes: int) -> str:
    """Return a size with its unit: ``2.5 MB``, and less than a tenth of one as ``12 kB``."""
    megabytes = num_bytes / MEGABYTE
    return f"{megabytes:,.1f} MB" if megabytes >= 0.1 else f"{-(-num_bytes // 1000)} kB"


def _number_of(error: BaseException) -> int:
    """Return the system's number of an error, 0 where it has none."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = re.search(r"(?:os error|errno) (\d+)", str(error))
    if found:
        return int(found[1])
    # NumPy's tofile gives no number: "1000 requested and 512 written".
    return errno.ENOSPC if re.search(r"\d+ requested and \d+ written", str(error)) else 0


def _concerns(error: OSError, path: Path) -> bool:
    """Tell whether an error names the place that was written to, a part of it or a folder above."""
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    for place in {Path(os.path.abspath(path)), Path(os.path.realpath(path))}:
        above = {str(place), *map(str, place.parents)}
        begun = (f"{place}{os.sep}", str(place.with_name(f".{place.name[:100]}.")))
        for name in names:
            whole = os.path.abspath(name)
            if whole in above or whole.startswith(begun):
                return True
        if not names and any(part in str(error) for part in (str(place), *begun)):
            return True
    return False


def _received(error: BaseException, number: int, path: Path | str | None) -> str:
    said = os.strerror(number) if number else str(error)
    if number not in _FULL or path is None:
        return said
    folder = Path(path)
    while not os.path.exists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        return f"{said}; {_size(shutil.disk_usage(folder).free)} free"
    except OSError:
        return said
