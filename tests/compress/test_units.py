"""Inner units of networks: what they are, what they are worth, and taking them out."""

import pytest
import torch
from torch import nn

from plait.compress.prune import prune
from plait.compress.units import groups_of, num_parameters
from plait.nn.attention import Attention
from plait.nn.conv import ConvBlock
from plait.nn.transformer import FeedForward


def filled(block):
    torch.manual_seed(0)
    for one in block.parameters():
        nn.init.normal_(one, std=0.5)
    return block


BLOCKS = {
    "hidden": (lambda: FeedForward(dim=8, hidden=16), lambda net, x: net(x), (3, 5, 8)),
    "channel": (lambda: ConvBlock(12), lambda net, x: net(x), (2, 12, 4, 4)),
    "head": (lambda: Attention(dim=16, num_heads=4), lambda net, x: net(x, None), (2, 5, 16)),
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_units_of_zero_weight_leave_without_a_trace(kind):
    make, run, shape = BLOCKS[kind]
    block = filled(make())
    (group,) = groups_of(block)
    assert group.kind == kind
    kept = torch.tensor([unit for unit in range(group.num_units) if unit % 2])
    weight = group.slices[-1].weight  # by which a unit is told on: [out, unit x ...]
    told = torch.arange(group.num_units) % 2
    with torch.no_grad():  # what others are not told cannot be missed
        told = told.repeat_interleave(weight.shape[1] // group.num_units)
        weight.mul_(told.view(1, -1, *[1] * (weight.ndim - 2)))
    x = torch.randn(shape)
    before, size = run(block, x), num_parameters(block)
    group.keep(kept)
    after = run(block, x)
    assert num_parameters(block) < size
    if kind == "channel":  # the norm is over the channels that are left
        assert after.shape == before.shape
    else:
        assert torch.allclose(after, before, atol=1e-5)


def test_importance_is_the_squared_change_by_the_first_order():
    block = filled(FeedForward(dim=3, hidden=4))
    (group,) = groups_of(block)
    block(torch.randn(6, 3)).square().sum().backward()
    first, _, last = block
    slopes = [one.weight.grad * one.weight.detach() for one in (first, last)]
    biases = first.bias.grad * first.bias.detach()
    by_hand = [
        float(slopes[0][unit].sum() + biases[unit] + slopes[1][:, unit].sum()) ** 2
        for unit in range(4)
    ]
    assert group.importance().tolist() == pytest.approx(by_hand, rel=1e-4)


def test_pruning_takes_what_is_useless_first():
    block = filled(FeedForward(dim=6, hidden=32))
    with torch.no_grad():
        block[2].weight[:, 8:] = 0.0
    x, size = torch.randn(50, 6), num_parameters(block)
    truth = block(x).detach()
    shares = []
    found = prune(
        block,
        0.6,
        learn=lambda net: (net(x) - truth + 1).square().sum().backward(),
        recover=lambda net, share: shares.append(share),
    )
    assert found.before == size and found.after == num_parameters(block)
    assert found.share_gone == pytest.approx(0.6, abs=0.05)
    assert found.kept == {"": (32, block[0].out_features)}
    assert torch.allclose(block(x), truth, atol=1e-5)
    assert sum(shares) == pytest.approx(1.0) and shares == sorted(shares)


def test_every_block_keeps_some_units():
    block = filled(FeedForward(dim=6, hidden=8))
    x = torch.randn(20, 6)
    found = prune(
        block, 0.99, learn=lambda net: net(x).sum().backward(), recover=lambda net, share: None
    )
    assert found.kept[""] == (8, 4)
