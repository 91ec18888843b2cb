"""Muon: orthogonal steps by hand, who takes them, and that shapes taken together change nothing."""

import pytest
import torch
from torch import nn

from plait.nn.low_rank import adapt_linears
from plait.train.config import TrainConfig
from plait.train.optimizer import Muon, Optimizer, hidden_matrices, orthogonal


def make_network():
    torch.manual_seed(0)
    network = nn.ModuleDict({
        "first": nn.Conv2d(1, 8, 3), "conv": nn.Conv2d(8, 8, 3),
        "each": nn.Conv1d(8, 8, 3, groups=8),
        "a": nn.Linear(8, 4), "b": nn.Linear(8, 4), "table": nn.Embedding(5, 8),
        "norm": nn.LayerNorm(8), "head": nn.ModuleDict({"out": nn.Linear(8, 2)}),
    })  # fmt: skip
    return network


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (40, 3)])
def test_steps_keep_directions_and_even_out_their_lengths(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = torch.diagonal(left.T @ orthogonal([matrix])[0] @ right.T)
    assert ((found > 0.5) & (found < 1.3)).all()


@pytest.mark.parametrize("rank", [3, 16])
def test_products_of_polynomials_are_the_iteration(rank):
    torch.manual_seed(0)
    matrices = [torch.randn(16, rank) @ torch.randn(rank, n) for n in (16, 40)]
    matrices += [torch.randn(40, 16), 1e-3 * torch.randn(16, 16)]
    for matrix, found in zip(matrices, orthogonal(matrices), strict=True):
        x = matrix.double() / matrix.double().norm()
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        assert torch.allclose(found.double(), x, atol=1e-4)


def test_nothing_to_learn_is_no_step():
    assert torch.equal(orthogonal([torch.zeros(3, 5)])[0], torch.zeros(3, 5))


def test_the_first_step_by_hand():
    weight = nn.Parameter(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
    weight.grad = torch.tensor([[3.0, 0.0], [0.0, -3.0]])
    Muon([weight], lr=0.1, weight_decay=0.5).step()
    step = orthogonal([torch.tensor([[1.0, 0.0], [0.0, -1.0]])])[0]
    assert torch.allclose(weight, torch.diag(torch.tensor([1.9, 0.95])) - 0.1 * step, atol=1e-6)


def test_momentum_looks_ahead():
    weight = nn.Parameter(torch.zeros(2, 2))
    muon = Muon([weight], lr=0.1, momentum=0.5)
    for gradient in (torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])):
        before = weight.detach().clone()
        weight.grad = gradient
        muon.step()
    ahead = 0.25 * torch.eye(2) + 1.5 * torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert torch.allclose(weight - before, -0.1 * orthogonal([ahead])[0], atol=1e-6)


def test_matrices_of_one_shape_take_the_step_that_each_takes_alone():
    torch.manual_seed(0)
    together = [nn.Parameter(torch.randn(6, 2, 2)) for _ in range(3)]
    alone = [nn.Parameter(one.detach().clone()) for one in together]
    for one, other in zip(together, alone, strict=True):
        one.grad = torch.randn(6, 2, 2)
        other.grad = one.grad.clone()
        Muon([other], lr=0.1).step()
    Muon(together, lr=0.1).step()
    assert all(torch.allclose(*pair, atol=1e-6) for pair in zip(together, alone, strict=True))


def test_only_maps_between_features_are_hidden():
    network = make_network()
    found = {id(parameter) for parameter in hidden_matrices(network)}
    assert found == {id(network[name].weight) for name in ("conv", "a", "b")}
    adapt_linears(network)
    assert not hidden_matrices(network)


def test_parameters_without_a_gradient_stay():
    network = make_network()
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    network["a"].weight.grad = torch.ones(4, 8)
    Optimizer(network, TrainConfig()).step(1.0)
    changed = {n for n, p in network.named_parameters() if not torch.equal(p, before[n])}
    assert changed == {"a.weight"}


def test_the_state_comes_back():
    networks = [make_network() for _ in range(2)]
    optimizers = [Optimizer(network, TrainConfig()) for network in networks]

    def step(number, seed):
        generator = torch.Generator().manual_seed(seed)
        for parameter in networks[number].parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizers[number].step(0.5)

    step(0, 1)
    networks[1].load_state_dict(networks[0].state_dict())
    optimizers[1].load({k: v.clone() for k, v in optimizers[0].tensors().items()})
    for number in range(2):
        step(number, 2)
    states = [network.state_dict() for network in networks]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert {name.split("/")[0] for name in optimizers[0].tensors()} == {"muon", "adamw"}


def test_without_a_rate_nothing_is_left_to_muon():
    network = make_network()
    optimizer = Optimizer(network, TrainConfig(muon_rate=0.0))
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step(1.0)
    assert {name.split("/")[0] for name in optimizer.tensors()} == {"adamw"}


def test_without_momentum_a_step_forgets_those_before():
    first, second = torch.randn(4, 4), torch.randn(4, 4)
    moved = []
    for momentum, gradients in ((0.0, [first, second]), (0.0, [second]), (0.9, [first, second])):
        torch.manual_seed(0)
        layer = torch.nn.Linear(4, 4, bias=False)
        optimizer = Optimizer(layer, TrainConfig(momentum=momentum, muon_decay=0.0))
        for gradient in gradients:
            before = layer.weight.detach().clone()
            layer.weight.grad = gradient.clone()
            optimizer.step(1.0)
        moved.append(layer.weight.detach() - before)
    torch.testing.assert_close(moved[0], moved[1], atol=1e-6, rtol=1e-4)
    assert not torch.allclose(moved[0], moved[2], atol=1e-3)
