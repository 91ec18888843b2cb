"""Writes files and folders whole or not at all.

Guarantees: a reader sees what was there before or what is there now, never a part; whatever stops
the writing, the earlier content stays and no part of the new one is left under its name; what a
killed process left beside it goes with the next write. Does not guarantee: order between files.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plait.locking import try_lock
from plait.storing import storing

PART = ".part"
"""What the names of unfinished files and folders end in; they begin with a dot."""

OUTPUT = "standard output"
"""What is told as the path of standard output."""


@contextmanager
def write_whole(path: Path | str, *, hint: str | None = None) -> Iterator[Path]:
    """Give a file to write, which becomes `path` when the block ends well.

    A device or pipe at `path` is given as it is.

    Args:
        path: Where the file is to be; its folder is made, a link is followed.
        hint: How to mend a failure, where that is not the usual way.

    Raises:
        StorageError: When it cannot be written; nothing is left behind.
    """
    if _is_stream(Path(path)):
        with storing(path, hint=hint):
            yield Path(path)
        return
    final = Path(os.path.realpath(path))
    with storing(path, hint=hint):
        final.parent.mkdir(parents=True, exist_ok=True)
        sweep(final)
        temporary, handle = _claim(final, folder=False)
        try:
            yield temporary
            _sync(temporary)
            os.replace(temporary, final)
            _sync(final.parent)
        finally:
            temporary.unlink(missing_ok=True)
            _let_go(handle)


def write_text(path: Path | str, text: str, *, hint: str | None = None) -> None:
    """Write a UTF-8 file whole or not at all. Raises `StorageError`."""
    with write_whole(path, hint=hint) as temporary:
        temporary.write_text(text, encoding="utf8")


@contextmanager
def write_folder(
    path: Path | str, *, num_bytes: int | None = None, hint: str | None = None
) -> Iterator[Path]:
    """Give a folder to fill, which takes the place of `path` when the block ends well.

    A folder at `path` is exchanged for it in one step where the system can do that (Linux), else
    in two.

    Args:
        path: Where the folder is to be.
        num_bytes: How much will be written, for the error.
        hint: How to mend a failure, where that is not the usual way.

    Raises:
        StorageError: When it cannot be written; nothing is left behind.
    """
    final = Path(os.path.realpath(path))
    with storing(path, num_bytes=num_bytes, hint=hint):
        final.parent.mkdir(parents=True, exist_ok=True)
        sweep(final)
        temporary, handle = _claim(final, folder=True)
        try:
            yield temporary
            replace_folder(temporary, final)
            _sync(final.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            _let_go(handle)


@contextmanager
def spare_folder(prefix: str = "plait-") -> Iterator[Path]:
    """Give a folder of the system's that is gone afterwards. Raises `StorageError`."""
    hint = "free some space, or set the environment variable TMPDIR to a folder on another disk"
    with (
        storing(tempfile.gettempdir(), hint=hint),
        tempfile.TemporaryDirectory(prefix=prefix) as name,
    ):
        yield Path(name)


def replace_folder(new: Path, final: Path) -> None:
    """Move a folder to a place; what was there moves to the place of `new`, or is removed."""
    for _ in range(8):
        if not os.path.lexists(final):
            try:
                os.rename(new, final)
                return
            except OSError:
                if not os.path.lexists(final):
                    raise
        if _exchange(new, final):
            return
        aside = final.with_name(f".{final.name[:100]}.{secrets.token_hex(4)}.old")
        try:
            os.rename(final, aside)
        except FileNotFoundError:  # another process replaced it at the same time
            continue
        try:
            os.rename(new, final)
            shutil.rmtree(aside, ignore_errors=True)
            return
        except OSError:
            if os.path.lexists(final):  # another one's came between; this one takes its place
                shutil.rmtree(aside, ignore_errors=True)
                continue
            os.rename(aside, final)
            raise
    raise OSError(errno.EBUSY, "other processes write here all the time", str(final))


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    import ctypes
    import sys

    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None, use_errno=True)
        call = library.renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return call(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0


def _claim(final: Path, *, folder: bool) -> tuple[Path, int | None]:
    """Return a new file or folder beside `final`, and the handle that locks it.

    Windows opens no folders and removes no open files: there nothing is locked.
    """
    while True:
        temporary = final.with_name(f".{final.name[:100]}.{secrets.token_hex(4)}{PART}")
        if folder:
            temporary.mkdir()
        else:
            os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))
        if os.name == "nt":
            return temporary, None
        try:
            handle = os.open(temporary, os.O_RDONLY)
        except FileNotFoundError:  # before it was locked another process took it for a left one
            continue
        if try_lock(handle) is not False and temporary.exists():
            return temporary, handle
        os.close(handle)


def _let_go(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def sweep(final: Path) -> None:
    """Remove what killed processes left of earlier writes: the parts that nobody holds.

    Every write does; who finds a whole content and writes nothing may do it too.
    """
    if os.name == "nt":
        return
    pattern = glob.escape(str(final.with_name(f".{final.name[:100]}."))) + "*" + PART
    for name in glob.glob(pattern):
        try:
            handle = os.open(name, os.O_RDONLY)
        except OSError:
            continue
        if try_lock(handle):
            left = Path(name)
            with suppress(OSError):  # a place that can only be read
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(True)
        os.close(handle)


def _sync(path: Path) -> None:
    """Have the disk hold what was written; a folder only where the system opens folders."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(handle)


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
