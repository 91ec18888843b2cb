"""Reading for a fit: pictures are decoded once for near-duplicates and for training."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import plait
from plait.fitting.setup import reading
from plait.modalities import find_codec

NUM_ROWS = 160


@pytest.fixture
def table(tmp_path):
    """Pictures that are bright on one side."""
    rng, rows = np.random.default_rng(0), []
    for number in range(NUM_ROWS):
        pixels = rng.integers(0, 120, (16, 16, 3), np.uint8)
        side = number % 2
        pixels[:, 8 * side : 8 * side + 8] += 100
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        rows.append({"scan": f"{number}.png", "side": ["left", "right"][side]})
    return plait.read(rows, root=tmp_path, columns="scan=image,side=category")


@pytest.fixture
def decoded(monkeypatch):
    """The paths that were decoded, each as often as it was."""
    kind, seen = find_codec("image"), []
    plain = kind.read

    def watched(self, cell, media):
        seen.append(cell)
        return plain(self, cell, media)

    monkeypatch.setattr(kind, "read", watched)
    return seen


def fitted(table):
    return plait.fit(table, target="side", budget="4 steps", baselines=False, size="tiny", seed=1)


def test_a_fit_decodes_pictures_once_and_learns_the_same(table, decoded, monkeypatch, tmp_path):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "once"))
    once = fitted(table)
    num_once = len(decoded)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "twice"))
    monkeypatch.setattr(reading, "foresee_codecs", lambda table, columns: {})
    twice = fitted(table)
    assert len(decoded) - num_once == num_once + NUM_ROWS - NUM_ROWS // 16
    for name, tensor in once.ensemble.tensors.items():
        np.testing.assert_array_equal(tensor, twice.ensemble.tensors[name])


def test_the_codecs_of_a_base_are_known_beforehand(table, decoded, monkeypatch):
    base = plait.fit(table, budget="2 steps", size="tiny")
    monkeypatch.setattr(reading, "foresee_codecs", lambda table, columns: {})
    decoded.clear()
    other = table.take(range(NUM_ROWS - 10))
    plait.fit(other, target="side", base=base, budget="2 steps", baselines=False, size="tiny")
    paths = [cell for cell in decoded if isinstance(cell, str)]
    assert set(paths) == {f"{number}.png" for number in range(NUM_ROWS - 10)}
    assert len(paths) < 1.5 * NUM_ROWS
