"""The cache folder: where it lies, how entries appear whole or not at all, how old ones leave."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plait.errors import StorageError
from plait.storing import storing
from plait.writing import PART, write_folder

MAX_CACHE_BYTES = 20 * 2**30
"""The least recently used entries beyond this many bytes are removed."""

RECENT_SECONDS = 3600.0
"""Entries used within this time are never removed: somebody may be reading them."""

HINT = "free some space, or set the environment variable PLAIT_CACHE to a folder on another disk"
"""How to mend a cache that cannot be written."""

PRUNE_SECONDS = 60.0
"""How often a process that makes many entries looks whether old ones have to leave."""

_next_prune: dict[str, float] = {}

STALE_SECONDS = 24 * 3600.0
"""Unfinished entries older than this were left behind by a killed process."""


def cache_folder(kind: str, root: Path | None = None) -> Path:
    """Return (and make) the folder of one kind of entry.

    Args:
        kind: ``tables``, ``unpacked``, ``prepared`` or ``fingerprints``.
        root: The cache; default ``$PLAIT_CACHE``, else ``~/.cache/plait``.

    Raises:
        StorageError: When it cannot be written.
    """
    root = default_cache() if root is None else Path(root)
    folder = root / kind
    with storing(folder, hint=HINT):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise StorageError(
            "there is no permission to write here",
            expected="a cache folder that can be written to",
            path=folder,
            hint=HINT,
        )
    return folder


def default_cache() -> Path:
    """Return ``$PLAIT_CACHE``, else ``plait`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    named = os.environ.get("PLAIT_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plait"


@contextmanager
def new_entry(folder: Path, name: str) -> Iterator[Path]:
    """Give a temporary folder that becomes ``folder/name`` when the block ends well.

    Whatever was at that name is replaced in one step, so that processes which build the same entry
    at the same time do no harm; on any exception nothing is left behind.

    Raises:
        StorageError: When it cannot be written.
    """
    with write_folder(folder / name, hint=HINT) as temporary:
        yield temporary
    prune_sometimes(folder)


def mark_used(entry: Path) -> None:
    """Note that an entry was used now, so that `prune` keeps it longest."""
    with suppress(OSError):
        os.utime(entry)


def prune_sometimes(folder: Path) -> None:
    """Prune a folder, unless this process did within `PRUNE_SECONDS`: it looks at every entry."""
    now = time.monotonic()
    if now >= _next_prune.get(str(folder), now):
        _next_prune[str(folder)] = now + PRUNE_SECONDS
        prune(folder)


def prune(folder: Path, *, max_bytes: int | None = None) -> list[Path]:
    """Remove stale unfinished entries, and the least recently used ones beyond `max_bytes`.

    Returns:
        The entries removed; one used within the last hour never is.
    """
    budget = MAX_CACHE_BYTES if max_bytes is None else max_bytes
    removed = []
    newest_first = sorted(_entries(folder), key=lambda entry: -entry[1])
    for path, used_at, num_bytes in newest_first:
        age, unfinished = time.time() - used_at, path.name.startswith(".")
        budget -= 0 if unfinished else num_bytes
        too_much = budget < 0 and age > RECENT_SECONDS
        if age > STALE_SECONDS if unfinished else too_much:
            remove_entry(path)
            removed.append(path)
    return removed


def remove_entry(entry: Path) -> None:
    """Remove an entry in one step: who opens it meanwhile finds all of it or nothing."""
    aside = entry.with_name(f".{entry.name.strip('.')[:100]}.{secrets.token_hex(4)}{PART}")
    with suppress(OSError):
        os.rename(entry, aside)
    shutil.rmtree(aside, ignore_errors=True)


def _entries(folder: Path) -> Iterator[tuple[Path, float, int]]:
    for path in folder.iterdir():
        with suppress(OSError):
            num_bytes = sum(file.stat().st_size for file in path.rglob("*"))
            yield path, path.stat().st_mtime, num_bytes
