"""The folder beside a bundle in which an interrupted fit leaves its checkpoints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.bundle import check_place
from plait.errors import UsageError

SETTINGS = "settings.json"


class Unfinished:
    """Where the checkpoints of a fit go; nothing is written before `begin`.

    Args:
        out: The bundle to be.
        settings: What decides the result, JSON-ready; a resumed fit must have the same.
        resume: Whether to go on from what is there.

    Raises:
        BundleError: The bundle's place is taken by something else.
        UsageError: The interrupted fit had other settings.
    """

    def __init__(self, out: Path | str, settings: Mapping[str, Any], resume: bool) -> None:
        path = Path(out)
        check_place(path)
        self.folder = path.with_name(f".{path.name}.unfinished")
        self._text = json.dumps(settings, sort_keys=True, default=str)
        self._goes_on = resume and (self.folder / SETTINGS).is_file()
        if self._goes_on:
            self._check()

    def begin(self) -> Path:
        """Return the folder: emptied, unless the fit goes on."""
        if not self._goes_on:
            self.remove()
            self.folder.mkdir(parents=True)
            (self.folder / SETTINGS).write_text(self._text, encoding="utf8")
        return self.folder

    def remove(self) -> None:
        """Delete the folder: the bundle is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self) -> None:
        wanted = json.loads(self._text)
        try:
            found = json.loads((self.folder / SETTINGS).read_text(encoding="utf8"))
        except ValueError:
            found = {}
        changed = [name for name in wanted if found.get(name) != wanted[name]]
        if changed:
            raise UsageError(
                "the interrupted fit had other settings: " + ", ".join(changed),
                expected=", ".join(f"{name}={found.get(name)}" for name in changed),
                received=", ".join(f"{name}={wanted[name]}" for name in changed),
                hint="repeat its settings, or start again without --resume",
            )
