"""Runs work in forks that are killed, or whose disk is full, and looks at what is left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FINISHED, FAILED, NO_STORAGE, KILLED = 0, 1, 3, -signal.SIGKILL

VOLATILE = ("energy.json", "lineage.json", "metrics.json", "manifest.json", "card.md")
"""Files of a bundle that tell times, and so differ between equal runs."""

Work = Callable[[], object]


@dataclass
class Tally:
    """What became of many crashes of one kind.

    Attributes:
        crashes: Runs that were stopped while they worked.
        survived: Runs that were done before, or had room enough.
        faults: One sentence per thing that was lost, half-written, or other than without a crash.
    """

    crashes: int = 0
    survived: int = 0
    faults: list[str] = field(default_factory=list)


def run_apart(work: Work, *, kill_after: float | None = None, most_bytes: int = 0) -> int:
    """Run `work` in a fork of this process and return how that ended.

    Args:
        work: What to do.
        kill_after: Seconds until SIGKILL; None lets it finish.
        most_bytes: No file may grow larger, as on a full disk; 0 sets no limit.
    """
    child = os.fork()
    if child == 0:
        _work_and_leave(work, most_bytes)
    if kill_after is not None:
        time.sleep(kill_after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _work_and_leave(work: Work, most_bytes: int) -> None:
    from plait.errors import StorageError

    code = FAILED
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if most_bytes:
            limits = most_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        work()
        code = FINISHED
    except StorageError:
        code = NO_STORAGE
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def stable_content(folder: Path) -> dict[str, str]:
    """Return a hash of each file of a bundle, but of those that tell times.

    Raises `BundleError` when the bundle is not whole.
    """
    from plait.bundle import Bundle

    bundle = Bundle(folder)
    return {
        name: hashlib.sha256(bundle.read_bytes(name)).hexdigest()
        for name in bundle.names()
        if name not in VOLATILE
    }


def names_in(folder: Path) -> list[str]:
    """Return what lies in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


@contextlib.contextmanager
def small_disk() -> Iterator[Path | None]:
    """Give an empty disk of its own, in memory; None where this user may not mount one."""
    place = Path(tempfile.mkdtemp(prefix="plait-disk-"))
    mounted = _run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place))
    try:
        yield place if mounted else None
    finally:
        if mounted:
            _run("umount", "-l", str(place))
        shutil.rmtree(place, ignore_errors=True)


def set_free(disk: Path, num_bytes: int) -> None:
    """Let a disk of `small_disk` have about so many bytes free."""
    usage = shutil.disk_usage(disk)
    size = -(-(usage.used + num_bytes) // 4096) * 4096
    if not _run("mount", "-o", f"remount,size={size}", str(disk)):
        raise RuntimeError(f"the disk at {disk} cannot be resized")


def _run(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def write_json(path: Path, value: object) -> None:
    """Write what a forked process found, for the one that looks."""
    path.write_text(json.dumps(value), encoding="utf8")
