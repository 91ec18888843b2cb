"""Maps of flows: they begin as the flow, learn where it leads, and need fewer questions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from plait.nn.conditions import Conditions
from plait.nn.flow_map import MOST_STEPS, PLACES, FlowMap, stretches
from plait.nn.flow_matching import Flow, noise_of
from plait.nn.tokens import Tokens
from plait.nn.unet import UNet

DIM, ROWS, SHAPE = 16, 32, (1, 4, 4)


@pytest.fixture
def flow():
    torch.manual_seed(0)
    network = UNet(channels=1, size=4, patch=1, dim=DIM, width=8, depth=1)
    flow = Flow(network, dim=DIM, num_queries=1).eval()
    for name, weight in flow.named_parameters():  # outputs that start at zero hide mistakes
        if "norm" not in name:
            nn.init.normal_(weight, std=0.2)
    return flow


@pytest.fixture
def conditions():
    torch.manual_seed(1)
    there = torch.ones(ROWS, 1, dtype=torch.bool)
    tokens = Tokens(torch.randn(ROWS, 1, DIM), there, torch.zeros(ROWS, 1, 2))
    return Conditions(tokens, torch.randn(ROWS, 1, DIM))


def map_of(flow):
    found = FlowMap(flow, dim=DIM)
    found.begin(flow)
    return found


def test_stretches_are_steps_of_ways_of_every_length():
    torch.manual_seed(0)
    first, last = stretches(4000)
    assert bool((first < last).all()) and int(first.min()) == 0 and int(last.max()) == PLACES
    pairs = set(zip(first.tolist(), last.tolist(), strict=True))
    ways = [{(0, 8)}, {(0, 4), (4, 8)}, {(0, 3), (3, 5), (5, 8)}, {(0, 2), (2, 4), (4, 6), (6, 8)}]
    assert pairs == set.union(*ways)
    whole = float(((first == 0) & (last == PLACES)).float().mean())
    assert whole == pytest.approx(1 / MOST_STEPS, abs=0.03)


@torch.no_grad()
def test_it_begins_as_the_flow_wherever_it_is_to_lead(flow, conditions):
    found, noise = map_of(flow), torch.randn(ROWS, *SHAPE)
    seen = flow.seen(conditions, torch.zeros(ROWS, dtype=torch.bool))
    times, all_of_it = torch.full((ROWS,), 0.25), torch.ones(ROWS)
    ends = found._ends(seen, noise, times, all_of_it, 3.0 * all_of_it)
    assert torch.equal(ends, flow.foreseen(seen, noise, times))
    drawn = found.draw(conditions, noise, steps=8, guidance=1.0)
    alike = flow.draw(conditions, noise, steps=8, sampler="euler")
    torch.testing.assert_close(drawn, alike, atol=1e-4, rtol=1e-4)


def gap(found, flow, conditions, *, steps, guidance):
    """How far the map's answers are from where the flow itself leads, in root mean square."""
    noise = torch.randn(ROWS, *SHAPE, generator=torch.Generator().manual_seed(5))
    true = flow.draw(conditions, noise, steps=PLACES, guidance=guidance)
    made = found.draw(conditions, noise, steps=steps, guidance=guidance)
    return float((made - true).square().mean().sqrt())


class Layers(nn.Module):
    """A network of two layers, which sees what it is told beside the point."""

    def __init__(self):
        super().__init__()
        size = SHAPE[1] * SHAPE[2]
        self.layers = nn.Sequential(nn.Linear(size + DIM, 64), nn.SiLU(), nn.Linear(64, size))

    def forward(self, x, told, memory, mask):
        return self.layers(torch.cat([x.flatten(1), told], 1)).view_as(x)


def test_it_learns_where_the_guided_flow_leads(conditions):
    torch.manual_seed(2)
    flow = Flow(Layers(), dim=DIM, num_queries=1)
    with torch.no_grad():
        for one in flow.parameters():
            one.mul_(3.0)
    found = map_of(flow)
    before = {n: gap(found, flow, conditions, steps=n, guidance=3.0) for n in (1, 2, 4)}
    optimizer = torch.optim.Adam(found.parameters(), 3e-3)
    for _ in range(200):
        optimizer.zero_grad()
        found.loss(flow, conditions.take(torch.randperm(ROWS)), SHAPE).mean().backward()
        optimizer.step()
    after = {n: gap(found, flow, conditions, steps=n, guidance=3.0) for n in (1, 2, 4)}
    assert all(after[n] < 0.6 * before[n] for n in after), (before, after)
    other = gap(found, flow, conditions, steps=2, guidance=1.0)
    assert other < before[2], "guidance is told, and what is not asked for is as learned"


def test_the_flow_itself_learns_nothing_of_it(flow, conditions):
    found = map_of(flow)
    found.loss(flow, conditions, SHAPE).mean().backward()
    assert all(one.grad is None for one in flow.parameters())
    assert found.ahead.weight.grad is not None


@torch.no_grad()
def test_a_row_is_drawn_alone_as_in_company(flow, conditions):
    found = map_of(flow)
    nn.init.normal_(found.ahead.weight, std=0.2)
    noise = noise_of([np.random.default_rng(row) for row in range(ROWS)], SHAPE)
    together = found.draw(conditions, noise, steps=3, guidance=2.0)
    alone = found.draw(conditions.take(slice(2, 3)), noise[2:3], steps=3, guidance=2.0)
    torch.testing.assert_close(alone, together[2:3], atol=1e-4, rtol=1e-4)
    further = found.draw(conditions, noise, steps=3, guidance=4.0)
    assert not torch.allclose(further, together, atol=1e-3)


def test_it_knows_what_it_learned_alone(flow):
    found = FlowMap(flow, dim=DIM)
    assert not found.knows(2, 3.0)
    found.begin(flow)
    assert found.knows(2, 3.0) and found.knows(MOST_STEPS, 1.0)
    assert (
        not found.knows(MOST_STEPS + 1, 3.0) and not found.knows(2, 0.0) and not found.knows(2, 9.0)
    )
