"""Starting from a space: what it and a network have in common is copied, all else left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from plait.data.fitting import fit_codecs
from plait.data.table import read
from plait.networks.config import SystemConfig
from plait.networks.space import Space
from plait.networks.start import start_from
from plait.networks.system import System

CONFIG = SystemConfig(dim=16, depth=2, num_heads=2)
ROWS = [
    {"size": 0.5 * i, "cost": 2.0 * i, "note": f"item {i}", "kind": "pq"[i % 2]} for i in range(20)
]


@pytest.fixture(scope="module")
def codecs():
    table = read(ROWS, columns="size=number,cost=number,note=text,kind=category")
    return fit_codecs(table, ["size", "cost", "note", "kind"], np.arange(20))


@pytest.fixture
def space(codecs):
    torch.manual_seed(0)
    own = {name: codecs[name] for name in ("note", "size")}
    network = Space(own, CONFIG, {name: (name,) for name in own})
    return network


def system_of(codecs, names, config=CONFIG):
    torch.manual_seed(1)
    return System({name: codecs[name] for name in names}, codecs["kind"], config)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_stems_column_vectors_and_trunk_are_copied(codecs, space):
    system = system_of(codecs, ["size", "cost", "note"])
    before = {name: value.clone() for name, value in system.state_dict().items()}
    copied = start_from(system, space)
    base = space
    assert copied == count(base.encoder.stems) + 2 * 16 + count(base.trunk)
    for name, value in base.trunk.state_dict().items():
        assert torch.equal(system.trunk.state_dict()[name], value)
    for stem, network in base.encoder.stems.items():
        for name, value in network.state_dict().items():
            assert torch.equal(system.encoder.stems[stem].state_dict()[name], value)
    # By name, not by place: note is first in the space and last here.
    assert torch.equal(system.encoder.column_vectors[2], base.encoder.column_vectors[0])
    assert torch.equal(system.encoder.column_vectors[0], base.encoder.column_vectors[1])
    assert torch.equal(system.encoder.column_vectors[1], before["encoder.column_vectors"][1])
    for name in before:
        if name.startswith(("head.", "pool.")) or system.encoder.stem_of["cost"] in name:
            assert torch.equal(system.state_dict()[name], before[name]), name


def test_a_copy_is_no_link(codecs, space):
    system = system_of(codecs, ["size"])
    start_from(system, space)
    with torch.no_grad():
        system.trunk.registers += 1
    assert not torch.equal(system.trunk.registers, space.trunk.registers)


def test_another_shape_of_trunk_is_left_alone(codecs, space):
    system = system_of(codecs, ["size", "note"], replace(CONFIG, depth=1))
    before = system.trunk.state_dict()["registers"].clone()
    copied = start_from(system, space)
    assert copied == count(space.encoder.stems) + 2 * 16
    assert torch.equal(system.trunk.registers, before)


def test_nothing_in_common_but_the_trunk(codecs, space):
    system = system_of(codecs, ["cost"])
    assert start_from(system, space) == count(space.trunk)
