"""Dutch dialogue of a game, with its texts (Debian fillets-ng-data and -nl, GPL-2: fetched)."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import soundfile

from benchmarks.data.packages import apt_folder
from benchmarks.data.tables import cached

LANGUAGE = "nl"
ENTRY = re.compile(r'dialogId\("([^"]+)"[^\n]*\n\s*dialogStr\("((?:[^"\\]|\\.)*)"\)')
LEAST_SECONDS = 0.3
"""Shorter files hold nothing."""

GAME = "usr/share/games/fillets-ng"


def fillets() -> pa.Table:
    """Return columns ``level``, ``sound`` (OGG bytes) and ``transcript``: about 1,500 rows."""
    return cached("fillets-nl", _make)


def _make() -> pa.Table:
    scripts = apt_folder("fillets-ng-data") / GAME / "script"
    sounds = apt_folder(f"fillets-ng-data-{LANGUAGE}") / GAME / "sound"
    columns: dict[str, list[object]] = {"level": [], "sound": [], "transcript": []}
    for folder in sorted(one for one in sounds.iterdir() if one.is_dir()):
        texts = _texts(scripts / folder.name / f"dialogs_{LANGUAGE}.lua")
        for file in sorted((folder / LANGUAGE).glob("*.ogg")):
            spoken = texts.get(file.stem, "").strip()
            if spoken and soundfile.info(file).duration >= LEAST_SECONDS:
                columns["level"].append(folder.name)
                columns["sound"].append(file.read_bytes())
                columns["transcript"].append(" ".join(spoken.split()))
    return pa.table(columns)


def _texts(file: Path) -> dict[str, str]:
    """Return name of a sound -> what is said in it."""
    if not file.is_file():
        return {}
    found = ENTRY.findall(file.read_text(encoding="utf-8"))
    return {name: text.replace('\\"', '"').replace("\\n", " ") for name, text in found}
