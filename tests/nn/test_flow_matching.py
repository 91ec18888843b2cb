"""Flows whose truth is known: samplers' orders, guidance, what is kept, seeds and company."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from plait.nn.conditions import Conditions
from plait.nn.flow_matching import Flow, held_noise, logit_normal, noise_of, training_times
from plait.nn.flow_samplers import SAMPLERS, sample
from plait.nn.tokens import Tokens
from plait.nn.unet import UNet

MEAN, SPREAD = 0.7, 0.3
DIM, ROWS = 16, 4


def to_gaussian(x, times):
    """The velocity from N(0, 1) to N(MEAN, SPREAD^2), which ends at MEAN + SPREAD noise."""
    times = times.view(-1, *[1] * (x.ndim - 1))
    square = (1 - times) ** 2 + (times * SPREAD) ** 2
    return MEAN + (times * SPREAD**2 - (1 - times)) / square * (x - times * MEAN)


def error(sampler, steps):
    noise = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    found = sample(to_gaussian, noise, steps=steps, sampler=sampler)
    return float((found - (MEAN + SPREAD * noise)).abs().max())


@pytest.mark.parametrize(("sampler", "order"), [("euler", 1), ("heun", 2), ("multistep", 2)])
def test_errors_fall_with_the_order_of_the_sampler(sampler, order):
    errors = [error(sampler, steps) for steps in (40, 80, 160)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders[-1] == pytest.approx(order, abs=0.25), errors
    assert set(SAMPLERS) == {"euler", "heun", "multistep"}


def test_few_questions_of_the_multistep_sampler_are_worth_more_than_eulers():
    assert error("multistep", 10) < error("euler", 10) / 3


def test_what_is_kept_stays_exactly_and_the_rest_is_drawn():
    noise = torch.randn(3, 6, dtype=torch.float64)
    begin = torch.linspace(0.1, 0.6, 6, dtype=torch.float64).expand(3, 6)
    keep = torch.tensor([True, False, True, False, False, True])
    found = sample(to_gaussian, noise, steps=5, begin=begin, keep=keep)
    assert torch.equal(found[:, keep], begin[:, keep])
    assert not torch.isclose(found[:, ~keep], begin[:, ~keep]).any()


def test_the_less_noise_the_more_of_what_is_begun_at_stays():
    noise, begin = torch.randn(200, 5), torch.full((200, 5), 1.5)
    gaps = [
        float((sample(to_gaussian, noise, steps=8, begin=begin, strength=one) - begin).abs().mean())
        for one in (0.05, 0.4, 0.8)
    ]
    assert gaps[0] < gaps[1] < gaps[2]
    whole = sample(to_gaussian, noise, steps=8, begin=begin, strength=1.0)
    assert torch.equal(whole, sample(to_gaussian, noise, steps=8))


def test_variations_of_one_beginning_differ_by_their_noise_alone():
    begin, noise = torch.zeros(4, 5), torch.randn(4, 5)
    first, second = (
        sample(to_gaussian, one, steps=4, begin=begin, strength=0.5) for one in (noise, -noise)
    )
    assert not torch.isclose(first, second).any()
    middle = sample(to_gaussian, 0 * noise, steps=4, begin=begin, strength=0.5)
    torch.testing.assert_close((first + second) / 2, middle)  # this flow is linear


def test_times_are_spread_evenly_over_a_logit_normal():
    times = training_times(1000)
    shares = torch.special.ndtr(torch.logit(times) + 0.3).sort().values
    assert float((shares - (torch.arange(1000) + 0.5) / 1000).abs().max()) < 1.1e-3
    assert bool((logit_normal(torch.tensor([0.0, 1.0])) > 0).all())


@pytest.fixture
def flow():
    torch.manual_seed(0)
    network = UNet(channels=2, size=6, patch=2, dim=DIM, width=8, depth=1)
    flow = Flow(network, dim=DIM, num_queries=2).eval()
    for name, weight in flow.named_parameters():  # outputs that start at zero hide mistakes
        if "norm" not in name:
            nn.init.normal_(weight, std=0.2)
    return flow


@pytest.fixture
def conditions():
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, False]] * 2 + [[True, False, False]] * 2)
    tokens = Tokens(torch.randn(ROWS, 3, DIM), mask, torch.zeros(ROWS, 3, 2))
    return Conditions(tokens, torch.randn(ROWS, 2, DIM))


@torch.no_grad()
def test_guidance_of_one_draws_by_the_columns_and_of_none_without(flow, conditions):
    noise = torch.randn(ROWS, 2, 6, 6)
    x, times = noise, torch.full((ROWS,), 0.4)
    plain = flow.velocity(conditions)(x, times)
    near = flow.velocity(conditions, 1.0 + 1e-9)(x, times)
    torch.testing.assert_close(plain, near)
    blind = flow.velocity(conditions, 0.0)(x, times)
    shuffled = Conditions(
        Tokens(*(part.flip(0) for part in conditions.tokens)), conditions.pooled.flip(0)
    )
    same = flow.velocity(shuffled, 0.0)(x, times)
    torch.testing.assert_close(blind, same)
    assert not torch.allclose(plain, blind, atol=1e-2)
    far = flow.velocity(conditions, 3.0)(x, times)
    torch.testing.assert_close(far, blind + 3 * (plain - blind), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_row_is_drawn_alone_as_in_company_and_by_its_seed_alone(flow, conditions):
    def drawn(rows, seed):
        rngs = [np.random.default_rng([seed, row]) for row in range(ROWS)][rows]
        noise = noise_of(rngs, (2, 6, 6))
        return flow.draw(conditions.take(rows), noise, steps=4, guidance=2.0)

    together, again = drawn(slice(0, ROWS), 0), drawn(slice(0, ROWS), 0)
    assert torch.equal(together, again)
    torch.testing.assert_close(drawn(slice(2, 3), 0), together[2:3], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(drawn(slice(0, ROWS), 1), together, atol=0.1)


@torch.no_grad()
def test_the_loss_of_a_row_held_out_is_the_same_whenever_it_is_asked(flow, conditions):
    values = torch.randn(ROWS, 2, 6, 6)
    first = flow.loss(conditions, values)
    torch.manual_seed(9)
    torch.testing.assert_close(flow.loss(conditions, values), first)
    alone = flow.loss(conditions.take(slice(1, 2)), values[1:2])
    torch.testing.assert_close(alone, first[1:2], atol=1e-4, rtol=1e-4)
    noise, shares = held_noise(values)
    assert abs(float(noise.mean())) < 0.2 and len(set(shares.tolist())) == ROWS
    flow.train()
    assert not torch.allclose(flow.loss(conditions, values), first)


@torch.no_grad()
def test_it_begins_at_the_mean_of_all_values():
    torch.manual_seed(0)
    network = UNet(channels=1, size=5, patch=2, dim=DIM, width=8, depth=1)
    flow = Flow(network, dim=DIM, num_queries=1).eval()
    there = torch.ones(2, 1, dtype=torch.bool)
    tokens = Tokens(torch.randn(2, 1, DIM), there, torch.zeros(2, 1, 2))
    seen, noise = Conditions(tokens, torch.randn(2, 1, DIM)), torch.randn(2, 1, 5, 5)
    for sampler in SAMPLERS:
        found = flow.draw(seen, noise, steps=4, sampler=sampler)
        assert float(found.abs().max()) < 0.5 * float(noise.abs().max())
    torch.testing.assert_close(flow.draw(seen, noise, steps=4, sampler="euler"), 0 * noise)
