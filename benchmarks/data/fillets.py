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
PAIR = re.compile(
    r'dialogId\("([^"]+)"\s*,\s*"[^"]*"\s*,\s*"((?:[^"\\]|\\.)*)"\)\s*'
    r'dialogStr\("((?:[^"\\]|\\.)*)"\)'
)
"""Name of a sound, what is said in English, and in the file's own language."""

LEAST_SECONDS = 0.3
"""Shorter files hold nothing."""

GAME = "usr/share/games/fillets-ng"


def fillets() -> pa.Table:
    """Return columns ``level``, ``sound`` (OGG bytes) and ``transcript``: about 1,500 rows."""
    return cached("fillets-nl", _make)


def translated() -> pa.Table:
    """Return columns ``level``, ``sound`` (OGG bytes, in Dutch) and ``english``: what is said."""
    return cached("fillets-nl-en", _make_translated)


def _make_translated() -> pa.Table:
    scripts = apt_folder("fillets-ng-data") / GAME / "script"
    table, found = fillets(), dict[str, str]()
    for file in scripts.glob(f"*/dialogs_{LANGUAGE}.lua"):
        for _, english, dutch in PAIR.findall(file.read_text(encoding="utf-8")):
            found[f"{file.parent.name} {_plain(dutch)}"] = _plain(english)
    keys = zip(table["level"].to_pylist(), table["transcript"].to_pylist(), strict=True)
    english = [found.get(f"{level} {said}", "") for level, said in keys]
    table = table.drop_columns(["transcript"]).append_column("english", pa.array(english))
    return table.filter(pa.array([bool(text) for text in english]))


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
    return {name: _unmarked(text) for name, text in found}


def _unmarked(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", " ")


def _plain(text: str) -> str:
    return " ".join(_unmarked(text).split())
