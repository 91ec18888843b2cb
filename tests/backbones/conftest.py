"""What tests of backbones share: their own cache, and tiny checkpoints made by transformers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("transformers")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty cache folder for each test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("PLAIT_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Make the tiny checkpoint of an architecture once per session; returns its folder."""
    from tiny_checkpoints import save

    made: dict[str, Path] = {}

    def get(architecture: str) -> Path:
        if architecture not in made:
            made[architecture] = tmp_path_factory.mktemp(architecture)
            save(architecture, made[architecture])
        return made[architecture]

    return get


@pytest.fixture
def copy(checkpoint, tmp_path):
    """A copy of an architecture's checkpoint that a test may damage."""
    import shutil

    def get(architecture: str) -> Path:
        return Path(shutil.copytree(checkpoint(architecture), tmp_path / architecture))

    return get
