"""Networks of lines: what padding changes, where places are, and flows of rows of any length."""

from __future__ import annotations

import pytest
import torch

from plait.nn.conditions import Conditions
from plait.nn.flow_matching import Flow, Placed, held_noise
from plait.nn.line_net import LineNet
from plait.nn.tokens import Tokens

CHANNELS, TOLD, DIM = 5, 3, 16


def network(patch=2):
    torch.manual_seed(0)
    made = LineNet(
        channels=CHANNELS, told_channels=TOLD, patch=patch, dim=DIM, width=24, depth=2
    ).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made


def inputs(num, places):
    torch.manual_seed(1)
    memory, mask = torch.randn(num, 4, DIM), torch.ones(num, 4, dtype=torch.bool)
    told = torch.randn(num, places, TOLD)
    return [torch.randn(num, CHANNELS, places), torch.randn(num, DIM), memory, mask, told]


@pytest.mark.parametrize("places", [6, 7])
def test_what_lies_behind_a_row_changes_nothing(places):
    made, (x, told, memory, mask, placed) = network(), inputs(1, places)
    alone = made(x, told, memory, mask, placed, torch.ones(1, places, dtype=torch.bool))
    assert alone.shape == x.shape
    more = torch.cat([x, torch.full((1, CHANNELS, 9), 7.0)], 2)
    beside = torch.cat([placed, torch.zeros(1, 9, TOLD)], 1)
    real = torch.arange(places + 9)[None] < places
    together = made(more, told, memory, mask, beside, real)[..., :places]
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_it_begins_at_zero_and_knows_both_ends():
    x, told, memory, mask, placed = inputs(1, 8)
    real = torch.ones(1, 8, dtype=torch.bool)
    fresh = LineNet(channels=CHANNELS, told_channels=TOLD, patch=2, dim=DIM, width=24, depth=2)
    assert not fresh(x, told, memory, mask, placed, real).any()
    same = [torch.ones_like(x), told, memory, mask, torch.ones_like(placed), real]
    found = network()(*same)
    assert not torch.isclose(found[..., 0], found[..., -2]).all()


def test_a_row_has_the_loss_that_it_has_alone():
    torch.manual_seed(0)
    flow = Flow(network(), dim=DIM, num_queries=1).eval()
    values, told = torch.randn(2, CHANNELS, 10), torch.randn(2, 10, TOLD)
    real = torch.arange(10) < torch.tensor([6, 10])[:, None]
    tokens = Tokens(
        torch.randn(2, 4, DIM), torch.ones(2, 4, dtype=torch.bool), torch.zeros(2, 4, 2)
    )
    seen = Conditions(tokens, torch.randn(2, 1, DIM))
    keys = [b"one", b"two"]
    both = flow.loss(seen, values, Placed(told, real), keys)
    alone = flow.loss(
        seen.take(slice(0, 1)), values[:1, :, :6], Placed(told[:1, :6], real[:1, :6]), keys[:1]
    )
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-5)


def test_nothing_is_told_of_rows_that_are_dropped_but_their_length():
    flow = Flow(network(), dim=DIM, num_queries=1).eval()
    x, _, memory, mask, told = inputs(1, 8)
    tokens = Tokens(memory, mask, torch.zeros(1, 4, 2))
    real, times = torch.ones(1, 8, dtype=torch.bool), torch.full((1,), 0.5)
    free = [
        flow.velocity(Conditions(tokens, pooled), 0.0, Placed(one, real))(x, times)
        for pooled, one in ((torch.randn(1, 1, DIM), told), (torch.randn(1, 1, DIM), -told))
    ]
    torch.testing.assert_close(free[0], free[1])


def test_noise_follows_from_keys_where_there_are_any():
    values = torch.randn(2, 3, 6)
    noise, share = held_noise(values, [4, 6], [b"a", b"b"])
    again, same = held_noise(values + 1e-3, [4, 6], [b"a", b"b"])
    assert torch.equal(noise, again) and torch.equal(share, same)
    assert not noise[0, :, 4:].any() and noise[1].ne(0).all()
