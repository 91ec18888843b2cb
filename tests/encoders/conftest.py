"""Discovery looks into folders of the test only."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plait.encoders import packages


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Empty places of every kind; returns the folder that holds them."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("PLAIT_ENCODERS", str(tmp_path / "named"))
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    real = packages.distributions
    monkeypatch.setattr(packages, "distributions", lambda: real(path=[str(tmp_path / "site")]))
    for name in ("hub", "torch", "named", "site"):
        (tmp_path / name).mkdir()
    return tmp_path
