"""The folder beside a bundle for what a fit or a tune goes on from, locked while one runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from plait.bundle import check_place, is_bundle
from plait.display import number_text
from plait.errors import UsageError, shorten
from plait.locking import Lock
from plait.storing import storing
from plait.writing import write_text

SETTINGS, LOCK = "settings.json", "lock"
DONE = {"fit": "fitted", "tune": "tuned"}
OURS = (SETTINGS, LOCK)
"""What lies in the folder before there is anything to go on from."""


def has_checkpoint(out: Path | str) -> bool:
    """Tell whether a fit to that bundle was interrupted and left something to go on from."""
    folder = _folder_of(Path(out))
    if not (folder / SETTINGS).is_file():
        return False
    return any(path.is_file() and path.name not in OURS for path in folder.rglob("*"))


def _told(folder: Path) -> str:
    """Say where each training stands of which the folder has a checkpoint, and what else is kept.

    Each is called as its own folder is (fold 2, trial 1); one in the folder itself is the network.
    """
    found = [_stand(file, folder) for file in sorted(folder.rglob("*.safetensors"))]
    if any(path.suffix == ".json" and path.name not in OURS for path in folder.rglob("*")):
        found.append("what it decided on encoders")
    return ", ".join(found) or "its files are there"


def _stand(file: Path, folder: Path) -> str:
    name = " ".join(file.parent.relative_to(folder).parts).replace("-", " ") or "the network"
    try:
        with safe_open(file, "numpy") as opened:
            state = json.loads(opened.metadata()["state"])
            step, seconds, done = int(state["step"]), float(state["seconds"]), bool(state["done"])
    except (SafetensorError, ValueError, KeyError, TypeError):
        return f"{name} cannot be read"
    trained = f"{step:,} steps in {number_text(round(seconds, 1))} s"
    return f"{name} is trained ({trained})" if done else f"{name} goes on after {trained}"


def _folder_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.unfinished")


class Unfinished:
    """Where the checkpoints of a fit go, as a context; nothing is written before it is entered.

    Inside the context no other fit can enter for the same bundle. It is left empty-handed: without
    a checkpoint nothing stays.

    Args:
        out: The bundle to be.
        settings: What decides the result, JSON-ready; a resumed fit must have the same.
        resume: Whether to go on from what is there.
        verb: What is at work: ``fit`` or ``tune``.
        telling: Says in words what is there to go on from.

    Attributes:
        folder: Where checkpoints go.
        notes: What a person should know, once entered.

    Raises:
        BundleError: The bundle's place is taken by something else.
        BusyError: Another fit is at work on the same bundle.
        UsageError: The interrupted fit had other settings.
        StorageError: The folder cannot be written.
    """

    def __init__(
        self,
        out: Path | str,
        settings: Mapping[str, Any],
        resume: bool,
        *,
        verb: str = "fit",
        telling: Callable[[Path], str] | None = None,
    ) -> None:
        self._out, self._resume = Path(out), resume
        self._verb, self._telling = verb, telling or _told
        check_place(self._out)
        self.folder = _folder_of(self._out)
        self.notes: tuple[str, ...] = ()
        self._lock = Lock(self.folder / LOCK)
        self._lock.check()
        self._settings: dict[str, Any] = json.loads(json.dumps(dict(settings), default=str))
        if resume and (self.folder / SETTINGS).is_file():
            self._compare()

    def add(self, **settings: Any) -> None:
        """Name further settings, known only when the table was read."""
        self._settings |= json.loads(json.dumps(settings, default=str))

    def __enter__(self) -> Unfinished:
        with storing(self.folder):
            self._lock.take(f"a {self._verb} to {self._out.name}")
        try:
            self._begin()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.folder.is_dir() and not has_checkpoint(self._out):
            self.remove()
        self._lock.release()

    def remove(self) -> None:
        """Delete the folder: the bundle is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> None:
        goes_on = self._resume and has_checkpoint(self._out)
        if goes_on:
            self._compare()
            there = self._telling(self.folder)
            self.notes += (f"an interrupted {self._verb} is gone on with: {there}",)
        else:
            self._empty()
            write_text(self.folder / SETTINGS, json.dumps(self._settings, sort_keys=True))
        if self._resume and not goes_on:
            whole = "; the bundle there is whole" if is_bundle(self._out) else ""
            self.notes += (
                f"nothing to resume: no interrupted {self._verb} left a checkpoint for "
                f"{self._out.name}{whole}. It was {DONE[self._verb]} from the start",
            )
        if not self._lock.kept:
            self.notes += (
                f"the file system of {self.folder.parent} keeps no locks: nothing hinders a second "
                "fit to the same bundle",
            )

    def _empty(self) -> None:
        """Delete all but the lock."""
        with storing(self.folder):
            for path in self.folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != LOCK:
                    path.unlink()

    def _compare(self) -> None:
        """Raise `UsageError` unless the interrupted fit had the settings that are known so far."""
        try:
            found = json.loads((self.folder / SETTINGS).read_text(encoding="utf8"))
        except ValueError:
            found = {}
        wanted = self._settings
        changed = [name for name in wanted if found.get(name) != wanted[name]]
        if changed:
            raise UsageError(
                f"the interrupted {self._verb} had other settings: " + ", ".join(changed),
                expected=", ".join(f"{name}={shorten(found.get(name))}" for name in changed),
                received=", ".join(f"{name}={shorten(wanted[name])}" for name in changed),
                path=self.folder,
                hint="repeat its settings, or start again without --resume",
            )
