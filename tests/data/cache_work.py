"""Work that fills every kind of cache entry, killed in forks or done by several at once.

Run as ``python cache_work.py kills FOLDER`` or ``python cache_work.py together FOLDER``; a process
of its own, so that nothing is forked that has threads.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.utime", "ctypes.dlsym")
"""Audit events of file operations; the last is that of `renameat2`."""


def make_table(folder: Path, num: int = 60) -> Path:
    path = folder / "rows.csv.gz"
    with gzip.open(path, "wt", newline="") as file:
        out = csv.writer(file)
        out.writerow(["size", "note", "kind"])
        out.writerows([i % 7, f"some words number {i % 40}", "pq"[i % 2]] for i in range(num))
    return path


def prepared_hash(path: Path) -> str:
    """Return a hash of all that is read of the table: cells, prepared values, fingerprints."""
    import plait
    from plait.data.prepared import fingerprints, fit_codecs, prepare_table
    from plait.data.sources import spool

    spool.MEMORY_BYTES = 100  # what is larger goes through a file
    table = plait.read(path, columns={"note": "text"})
    table = table.under(replace(table.policy, num_workers=0))
    names = ["size", "note", "kind"]
    codecs = fit_codecs(table, names, range(table.num_rows))
    digest = hashlib.sha256(repr([table.column(name) for name in names]).encode())
    prepared = prepare_table(table, codecs)
    for name in names:
        for row in range(table.num_rows):
            for part, array in sorted((prepared.columns[name][row] or {}).items()):
                digest.update(f"{name} {part} {array.shape}".encode() + array.tobytes())
    for name, prints in sorted(fingerprints(table, codecs).items()):
        digest.update(name.encode() + prints.codes.tobytes() + prints.sketch(3))
    return digest.hexdigest()


def apart(work: Callable[[], object], kill_at: int | None = None, within: str = "") -> int:
    """Do work in a fork, killed at its n-th file operation in a folder; return how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if kill_at is not None:
                kill_at_operation(kill_at, within)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at_operation(number: int, within: str) -> None:
    """Let this process kill itself before its n-th file operation in a folder."""
    left = [number]

    def watch(event: str, given: tuple[Any, ...]) -> None:
        if event not in WATCHED:
            return
        if event == "ctypes.dlsym" or any(within in os.fsdecode(name) for name in texts(given)):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def texts(given: tuple[Any, ...]) -> list[str | bytes]:
    paths = (os.fspath(one) if isinstance(one, os.PathLike) else one for one in given)
    return [one for one in paths if isinstance(one, str | bytes)]


def at_every_operation(
    work: Callable[[], object],
    place: Path,
    *,
    step: int = 1,
    earlier: Path | None = None,
) -> list[dict[str, Any]]:
    """Kill work at one operation in a folder after the other; say what is found then.

    Args:
        work: What is killed, and then done again.
        place: The folder, empty before, or with what `earlier` holds.
        step: Between the operations.
        earlier: A folder; None for nothing.
    """
    found, number, ended = [], 0, -signal.SIGKILL
    while ended == -signal.SIGKILL:
        shutil.rmtree(place, ignore_errors=True)
        if earlier is not None:
            shutil.copytree(earlier, place)
        ended = apart(work, number, str(place))
        found.append(
            {
                "operation": number,
                "ended": ended,
                "result": work(),
                "left": sorted(path.name for path in place.rglob(".*")),
            }
        )
        number += step
    return found


def together(work: Callable[[], object], folder: Path, num: int = 4) -> list[str]:
    """Let several forks begin the same work at one moment; return what each found."""
    ready, begin = os.pipe()
    for number in range(num):
        if os.fork() == 0:
            code = 1
            try:
                os.close(begin)
                os.read(ready, 1)  # ends for all when the last writer closes it
                (folder / f"found{number}").write_text(str(work()))
                code = 0
            except Exception:
                (folder / f"found{number}").write_text(traceback.format_exc())
            finally:
                os._exit(code)
    os.close(begin)
    codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(num)]
    found = [(folder / f"found{number}").read_text() for number in range(num)]
    if any(codes):
        return [f"ended with {codes}: {found}"]
    return found


def main() -> None:
    folder = Path(sys.argv[2])
    path = make_table(folder)
    cache = folder / "cache"
    os.environ["PLAIT_CACHE"] = str(folder / "alone")
    expected = prepared_hash(path)
    os.environ["PLAIT_CACHE"] = str(cache)
    found: dict[str, Any] = {"expected": expected}
    if sys.argv[1] == "kills":
        found["after"] = at_every_operation(lambda: prepared_hash(path), cache, step=3)
    else:
        found["after"] = together(lambda: prepared_hash(path), folder)
        found["entries"] = sorted(entry.name for entry in cache.glob("*/*"))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
