"""The decoder writes piece by piece what it would say of all at once, in sight of its row alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.nn.conditions import Conditions
from plait.nn.decoder import PieceDecoder
from plait.nn.tokens import Tokens

PIECES, DIM, ROWS, PLACES = 11, 64, 3, 6


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    decoder = PieceDecoder(num_pieces=PIECES, dim=DIM).eval()
    for weight in decoder.parameters():  # outputs that start at zero hide mistakes
        torch.nn.init.normal_(weight, std=0.1)
    return decoder


@pytest.fixture
def conditions():
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    tokens = Tokens(torch.randn(ROWS, 3, DIM), mask, torch.zeros(ROWS, 3, 2))
    return Conditions(tokens, torch.randn(ROWS, 2, DIM))


def before(seed=2):
    pieces = torch.randint(1, PIECES, (ROWS, PLACES), generator=torch.Generator().manual_seed(seed))
    pieces[:, 0] = 0
    return pieces


@torch.no_grad()
def test_one_at_a_time_says_what_all_at_once_do(decoder, conditions):
    pieces = before()
    whole, writing = decoder(conditions, pieces), decoder.begin(conditions)
    for place in range(PLACES):
        torch.testing.assert_close(writing.follow(pieces[:, place]), whole[:, place])


@torch.no_grad()
def test_later_pieces_and_masked_tokens_say_nothing(decoder, conditions):
    pieces = before()
    whole = decoder(conditions, pieces)
    changed = pieces.clone()
    changed[:, 4:] = 1
    torch.testing.assert_close(decoder(conditions, changed)[:, :4], whole[:, :4])
    values = conditions.tokens.values.clone()
    values[~conditions.tokens.mask] = 9.0
    noisy = conditions._replace(tokens=conditions.tokens._replace(values=values))
    torch.testing.assert_close(decoder(noisy, pieces), whole)
    values[1, 0] = 9.0  # this one it sees
    assert not torch.allclose(decoder(noisy, pieces)[1], whole[1])


@torch.no_grad()
def test_rows_go_on_alone_and_doubled(decoder, conditions):
    pieces = before()
    whole, writing = decoder(conditions, pieces), decoder.begin(conditions)
    for place in range(3):
        writing.follow(pieces[:, place])
    writing.take(torch.tensor([2, 0, 2]))
    found = writing.follow(pieces[[2, 0, 2], 3])
    torch.testing.assert_close(found, whole[[2, 0, 2], 3])


def test_it_starts_by_knowing_nothing_and_learns(conditions):
    torch.manual_seed(0)
    decoder = PieceDecoder(num_pieces=PIECES, dim=DIM, dropout=0.0, hidden_pieces=0.0)
    pieces, after = before(), torch.roll(before(), -1, 1)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    losses = []
    for _ in range(120):
        logits = decoder(conditions, pieces).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, after.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(np.log(PIECES), rel=0.3) and losses[-1] < 0.3


def test_in_training_some_pieces_are_not_told(conditions):
    torch.manual_seed(0)
    decoder = PieceDecoder(num_pieces=PIECES, dim=DIM, dropout=0.0, hidden_pieces=0.5)
    torch.nn.init.normal_(decoder.last.weight, std=0.1)
    pieces = before()
    first, second = decoder(conditions, pieces), decoder(conditions, pieces)
    assert not torch.allclose(first, second)
    decoder.eval()
    torch.testing.assert_close(decoder(conditions, pieces), decoder(conditions, pieces))
