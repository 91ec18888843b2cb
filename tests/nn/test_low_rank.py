"""Low-rank adaptation: starts as the layer it wraps, learns its correction alone, and merges."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from plait.networks.config import SystemConfig
from plait.networks.system import make_trunk
from plait.nn.low_rank import LowRankLinear, adapt_linears, corrections, merge_linears


@pytest.fixture
def network():
    inner = nn.Sequential(nn.Linear(8, 8), nn.GELU())
    return nn.Sequential(nn.Linear(6, 8), inner, nn.LayerNorm(8), nn.Linear(8, 3, bias=False))


def learn(module, x, steps=20):
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        (module(x) - 1).square().mean().backward()
        optimizer.step()


def test_it_starts_as_the_layer_it_wraps():
    linear, x = nn.Linear(5, 4), torch.randn(2, 3, 5)
    expected = linear(x)
    assert torch.equal(LowRankLinear(linear, rank=2)(x), expected)


def test_the_formula():
    linear, x = nn.Linear(5, 4), torch.randn(7, 5)
    layer = LowRankLinear(linear, rank=2, alpha=6.0)
    with torch.no_grad():
        layer.up.normal_()
    assert layer.down.shape == (2, 5) and layer.up.shape == (4, 2)
    expected = linear(x) + 3.0 * x @ (layer.up @ layer.down).T
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_adapting_changes_nothing_and_trains_corrections_only(network):
    x = torch.randn(9, 6)
    expected = network(x)
    assert adapt_linears(network, rank=2) == 3
    assert torch.equal(network(x), expected)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {f"{n}.{part}" for n in ("0", "1.0", "3") for part in ("down", "up")}


def test_named_layers_alone_are_wrapped_and_told(network):
    assert adapt_linears(network, ["3"], rank=2) == 1
    assert {n: tuple(v.shape) for n, v in corrections(network).items()} == {
        "3.down": (2, 8),
        "3.up": (3, 2),
    }
    assert not any(p.requires_grad for n, p in network.named_parameters() if "3." not in n)


def test_only_corrections_learn_and_merging_keeps_what_was_learned(network):
    x = torch.randn(9, 6)
    before = {name: p.clone() for name, p in network.state_dict().items()}
    adapt_linears(network, rank=2)
    learn(network, x)
    frozen = {n.replace(".linear", ""): p for n, p in network.state_dict().items()}
    assert all(torch.equal(frozen[name], value) for name, value in before.items())
    expected = network(x)
    merge_linears(network)
    assert network.state_dict().keys() == before.keys()
    assert torch.allclose(network(x), expected, atol=1e-5)
    assert not torch.equal(network[0].weight, before["0.weight"])
    assert all(parameter.requires_grad for parameter in network.parameters())
    change = network[1][0].weight - before["1.0.weight"]
    assert int(torch.linalg.matrix_rank(change, tol=1e-5)) <= 2


def test_merging_what_was_not_adapted_changes_nothing(network):
    before = {name: p.clone() for name, p in network.state_dict().items()}
    merge_linears(network)
    assert all(torch.equal(p, before[name]) for name, p in network.state_dict().items())


def test_a_trunk_is_adapted_whole_and_comes_back():
    trunk = make_trunk(SystemConfig(dim=16, depth=2, num_heads=2, dropout=0.0))
    names = list(trunk.state_dict())
    num = sum(isinstance(module, nn.Linear) for module in trunk.modules())
    assert adapt_linears(trunk) == num > 0
    left = [m for m in trunk.modules() if isinstance(m, LowRankLinear)]
    assert len(left) == num and not trunk.registers.requires_grad
    merge_linears(trunk)
    assert list(trunk.state_dict()) == names
