"""Every source of random numbers goes on where a checkpoint was written."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from plait.train.checkpoint import load_checkpoint, pack, save_checkpoint, unpack
from plait.train.randomness import random_states, set_random_states


def draw():
    return (
        torch.rand(3).tolist(),
        np.random.normal(size=3).tolist(),
        [random.random(), random.gauss(0, 1)],
    )


@pytest.mark.parametrize("num_drawn", [0, 1, 700])
def test_numbers_go_on_where_they_were(tmp_path, num_drawn):
    for _ in range(num_drawn):
        random.gauss(0, 1), np.random.normal(), torch.rand(1)
    save_checkpoint(tmp_path, pack("random", random_states()), {})
    expected = draw()
    draw()
    found = load_checkpoint(tmp_path)
    assert found is not None
    set_random_states(unpack("random", found[0]))
    assert draw() == expected


def test_gpus_are_asked_where_there_are_any(monkeypatch):
    kept = {}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    states = [torch.tensor([n], dtype=torch.uint8) for n in (3, 4)]
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda s, n: kept.update({n: int(s)}))
    set_random_states(random_states())
    assert kept == {0: 3, 1: 4}
