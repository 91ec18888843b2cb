"""Blocks of clips: shapes that fit no block, what each frame can know, and what is known beside."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from plait.nn.space_time_unet import SpaceTimeBlock, SpaceTimeUNet

DIM = 16


def awake(network):
    """Weights that start at zero hide mistakes."""
    for name, weight in network.named_parameters():
        if "norm" not in name:
            nn.init.normal_(weight, std=0.2)
    return network.eval()


def make(**sizes):
    torch.manual_seed(0)
    usual = {"channels": 3, "frames": 5, "size": 6, "moment": 2, "patch": 4}
    return SpaceTimeUNet(**{**usual, **sizes}, dim=DIM, width=8, depth=1)


def told(batch=2):
    torch.manual_seed(1)
    memory, mask = torch.randn(batch, 3, DIM), torch.ones(batch, 3, dtype=torch.bool)
    return torch.randn(batch, DIM), memory, mask


@torch.no_grad()
@pytest.mark.parametrize(("frames", "size"), [(5, 6), (4, 8), (1, 3)])
def test_clips_of_any_shape_come_back_in_it_and_begin_at_zero(frames, size):
    network = make(frames=frames, size=size)
    x = torch.randn(2, 3, frames, size, size)
    found = network(x, *told())
    assert found.shape == x.shape and bool((found == 0).all())
    assert float(awake(network)(x, *told()).std()) > 0.01


@torch.no_grad()
def test_every_frame_knows_every_other_and_no_other_clip():
    network, given = awake(make()), told()
    x = torch.randn(2, 3, 5, 6, 6)
    before = network(x, *given)
    x[0, :, 4] += torch.randn(3, 6, 6)
    gap = (network(x, *given) - before).abs().amax((1, 3, 4))
    assert bool((gap[0] > 1e-5).all()) and float(gap[1].max()) < 1e-6


@torch.no_grad()
def test_a_block_sees_one_moment_before_and_behind():
    torch.manual_seed(0)
    block, vector = awake(SpaceTimeBlock(8, DIM)), torch.randn(10, DIM)
    x = torch.randn(10, 8, 2, 2)
    before = block(x, vector, 5)
    x[2] += torch.randn(8, 2, 2)
    moved = (block(x, vector, 5) - before).abs().amax((1, 2, 3)) > 1e-6
    assert moved.tolist() == [False, True, True, True, *[False] * 6]


@torch.no_grad()
def test_what_is_known_beside_changes_what_is_foreseen():
    network, given = awake(make(beside=2)), told()
    x, beside = torch.randn(2, 3, 5, 6, 6), torch.zeros(2, 2, 5, 6, 6)
    first = network(x, *given, beside)
    beside[1] = 1.0
    second = network(x, *given, beside)
    assert torch.equal(first[0], second[0]) and not torch.allclose(first[1], second[1], atol=1e-3)
