"""What tests of tables share: a cache of their own, pictures, and codecs of a few lines."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty cache folder for each test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("PLAIT_CACHE", str(folder))
    return folder


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to a file in the test's folder; returns its path."""

    def put(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


@pytest.fixture
def picture(tmp_path):
    """Write a small random picture; returns its path relative to the test's folder."""

    def put(name: str, seed: int = 0, size: int = 12) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        return name

    return put
