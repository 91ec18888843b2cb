"""Short sounds by kind, of drums, bells and noises (Debian sonic-pi-samples, CC0, fetched)."""

from __future__ import annotations

import pyarrow as pa

from benchmarks.data.packages import apt_folder
from benchmarks.data.tables import cached

KINDS = {
    "ambi": "ambience", "bass": "bass", "bd": "bass drum", "drum": "drum", "elec": "electronic",
    "glitch": "glitch", "guit": "guitar", "mehackit": "effect", "misc": "effect",
    "perc": "percussion", "sn": "snare drum", "tabla": "tabla", "vinyl": "vinyl", "loop": "loop",
}  # fmt: skip
"""How a file's name begins -> its kind."""

FOLDER = "usr/share/sonic-pi/samples"


def sonic_samples() -> pa.Table:
    """Return columns ``sound`` (FLAC bytes), ``kind`` and ``file``: 165 rows."""
    return cached("sonic-samples", _make)


def _make() -> pa.Table:
    columns: dict[str, list[object]] = {"sound": [], "kind": [], "file": []}
    for file in sorted((apt_folder("sonic-pi-samples") / FOLDER).glob("*.flac")):
        columns["sound"].append(file.read_bytes())
        columns["kind"].append(KINDS[file.stem.split("_")[0]])
        columns["file"].append(file.name)
    return pa.table(columns)
