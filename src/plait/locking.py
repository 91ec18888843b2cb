"""Locks on places that two processes may want: held by the system, and gone with their process.

Guarantees: of all processes of a machine, one at a time holds a place; a lock ends with its
process, however that ends, so that nothing stale has to be found or guessed. Does not guarantee:
anything on file systems that keep no locks (`Lock.kept` tells), or between machines where locks
are local.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from plait.errors import BusyError

MAX_TRIES = 100
_FAR = 2**30
"""On Windows a locked byte cannot be read: one far behind the holder's name is taken."""


class Lock:
    """A lock file that one process holds at a time and in which it gives its name.

    Args:
        path: The file; its folder is made where it is not there.

    Attributes:
        kept: Whether the file system keeps locks at all; known once the lock was taken.
    """

    def __init__(self, path: Path | str) -> None:
        self.path, self.kept = Path(path), True
        self._handle: int | None = None

    def take(self, what: str) -> None:
        """Hold the lock until `release` or the end of this process.

        Args:
            what: What is at work here, for the error of those who come later.

        Raises:
            BusyError: Another process holds it, or another part of this one.
        """
        for _ in range(MAX_TRIES):
            handle = self._open()
            if handle is None:
                continue
            held = try_lock(handle)
            if held is False:
                os.close(handle)
                raise self._busy()
            if _is_at(handle, self.path):
                self._handle, self.kept = handle, held is not None
                self._sign(what)
                return
            os.close(handle)  # the holder before removed the file: it locks nothing any more
        raise BusyError("the lock file vanishes again and again", path=self.path)

    def check(self) -> None:
        """Raise `BusyError` when another holds the lock now; makes and changes nothing."""
        try:
            handle = os.open(self.path, os.O_RDWR)
        except OSError:
            return
        try:
            if try_lock(handle) is False and _is_at(handle, self.path):
                raise self._busy()
        finally:
            os.close(handle)

    def release(self) -> None:
        """Let others take it; the file stays."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int | None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # its last holder removed the folder meanwhile
            return None

    def _sign(self, what: str) -> None:
        """Write who holds it; without room to say so the lock holds all the same."""
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        told = {"what": what, "pid": os.getpid(), "host": socket.gethostname(), "started": started}
        try:
            os.ftruncate(self._handle or 0, 0)
            os.write(self._handle or 0, json.dumps(told).encode())
        except OSError:
            return

    def _busy(self) -> BusyError:
        holder = self._holder()
        what = holder.get("what", "another process")
        named = ", ".join(f"{key} {holder[key]}" for key in ("pid", "host") if key in holder)
        since = f", since {holder['started']}" if "started" in holder else ""
        return BusyError(
            f"{what} is at work here",
            expected="one at a time",
            received=f"{named or 'a process that gave no name'}{since}",
            path=self.path.parent,
            hint="wait until it is done, or name another place with --out",
        )

    def _holder(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def try_lock(handle: int) -> bool | None:
    """Lock an open file or folder without waiting, until it is closed.

    Returns:
        Whether it is locked now; None where the file system keeps no locks.
    """
    try:
        if os.name == "nt":
            _lock_byte(handle)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        busy = error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
        return False if busy else None
    return True


def _lock_byte(handle: int) -> None:
    import msvcrt

    msvcrt_: Any = msvcrt  # type checkers on other systems know no member of it
    os.lseek(handle, _FAR, os.SEEK_SET)
    msvcrt_.locking(handle, msvcrt_.LK_NBLCK, 1)
    os.lseek(handle, 0, os.SEEK_SET)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False
