"""Adversarial learning: losses and slopes by hand, who learns of what, and numbers learned."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from plait.nn import adversarial
from plait.nn.adversarial import LATENT, Adversarial, paired_losses
from plait.nn.conditions import Conditions
from plait.nn.critic import Critic
from plait.nn.tokens import Tokens
from plait.nn.widening import Widening

DIM, ROWS = 16, 64


class Line(nn.Module):
    """A critic whose score is a multiple of the mean, and of what is told."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, x, told):
        return self.weight * x.flatten(1).mean(1) + told[:, 0]


def pairs():
    torch.manual_seed(0)
    true, made = torch.randn(5, 1, 2, 2), torch.randn(5, 1, 2, 2, requires_grad=True)
    return true, made, torch.randn(5, 3)


@pytest.mark.parametrize("every", [1, 10**9])
def test_losses_are_of_pairs_and_of_slopes(monkeypatch, every):
    monkeypatch.setattr(adversarial, "PENALTY_EVERY", every)
    true, made, told = pairs()
    found = paired_losses(Line(), true, made, told)
    gap = 2 * (made.mean((1, 2, 3)) - true.mean((1, 2, 3)))
    expected = F.softplus(gap) + F.softplus(-gap)
    if every == 1:  # the slope at each of four places is 2 / 4, at true and at made ones
        expected = expected + adversarial.PENALTY / 2 * 2 * 4 * (2 / 4) ** 2
    torch.testing.assert_close(found, expected)


def test_the_critic_learns_of_pairs_and_slopes_and_what_made_them_of_the_critic(monkeypatch):
    monkeypatch.setattr(adversarial, "PENALTY_EVERY", 10**9)
    (true, made, told), critic = pairs(), Line()
    paired_losses(critic, true, made, told).sum().backward()
    gap = (made.mean((1, 2, 3)) - true.mean((1, 2, 3))).detach()
    torch.testing.assert_close(critic.weight.grad, (torch.sigmoid(2 * gap) * gap).sum())
    torch.testing.assert_close(made.grad[:, 0, 0, 0], -torch.sigmoid(-2 * gap) * 2 / 4)


class ToLine(nn.Module):
    """Makes a number of each row out of noise and what is told."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(LATENT + DIM, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, latent, told, memory, mask):
        return self.layers(torch.cat([latent, told], 1))[:, :, None]


class OfNumbers(nn.Module):
    """Judges a number of each row."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1 + DIM, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, x, told):
        return self.layers(torch.cat([x.flatten(1), told], 1))[:, 0]


def conditions_of(kinds):
    pooled = torch.zeros(len(kinds), 1, DIM)
    pooled[torch.arange(len(kinds)), 0, kinds] = 4.0
    there = torch.ones(len(kinds), 1, dtype=torch.bool)
    tokens = Tokens(torch.zeros(len(kinds), 1, DIM), there, torch.zeros(len(kinds), 1, 2))
    return Conditions(tokens, pooled)


def test_it_learns_where_values_lie_by_what_is_told():
    torch.manual_seed(0)
    pair = Adversarial(ToLine(), OfNumbers(), dim=DIM, num_queries=1)
    optimizer = torch.optim.Adam(pair.parameters(), 5e-3, betas=(0.0, 0.9))
    slower = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, 800)
    for _ in range(800):
        kinds = torch.randint(0, 2, (ROWS,))
        values = (2.0 * kinds - 1 + 0.3 * torch.randn(ROWS))[:, None, None]
        optimizer.zero_grad()
        pair.loss(conditions_of(kinds), values).mean().backward()
        optimizer.step()
        slower.step()
    pair.eval()
    for kind, middle in ((0, -1.0), (1, 1.0)):
        kinds = torch.full((500,), kind)
        made = pair.draw(conditions_of(kinds), torch.randn(500, LATENT)).flatten()
        assert float(made.mean()) == pytest.approx(middle, abs=0.35)
        assert 0.1 < float(made.std()) < 0.7


@pytest.fixture
def pair():
    torch.manual_seed(0)
    sizes = {"channels": 2, "size": 9, "patch": 2, "dim": DIM, "width": 8}
    return Adversarial(Widening(latent=LATENT, **sizes), Critic(**sizes), dim=DIM, num_queries=2)


@pytest.fixture
def conditions():
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    tokens = Tokens(torch.randn(2, 3, DIM), mask, torch.zeros(2, 3, 2))
    return Conditions(tokens, torch.randn(2, 2, DIM))


@torch.no_grad()
def test_a_row_is_made_and_judged_alone_as_in_company(pair, conditions):
    pair.eval()
    for name, weight in pair.named_parameters():  # what starts at zero hides mistakes
        if "norm" not in name and weight.ndim > 1:
            nn.init.normal_(weight, std=0.2)
    latent, values = torch.randn(2, LATENT), torch.randn(2, 2, 9, 9)
    made, loss = pair.draw(conditions, latent), pair.loss(conditions, values)
    assert made.shape == values.shape and loss.shape == (2,)
    alone = conditions.take(slice(1, 2))
    torch.testing.assert_close(pair.draw(alone, latent[1:]), made[1:], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(pair.loss(alone, values[1:]), loss[1:], atol=1e-4, rtol=1e-4)
    torch.manual_seed(9)
    torch.testing.assert_close(pair.loss(conditions, values), loss)
    assert not torch.allclose(pair.draw(conditions, -latent), made, atol=1e-2)


def test_untrained_it_is_even(pair, conditions):
    torch.manual_seed(3)
    with torch.no_grad():
        pair.critic.head.weight.zero_()
        pair.critic.head.bias.zero_()
        pair.critic.told.weight.zero_()
        found = pair.eval().loss(conditions, torch.randn(2, 2, 9, 9))
    torch.testing.assert_close(found, torch.full((2,), math.log(2)))
