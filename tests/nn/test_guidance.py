"""Guidance: strengths 0 and 1 are what it lies between, and hidden rows are told nothing."""

from __future__ import annotations

import pytest
import torch

from plait.nn.conditions import Conditions
from plait.nn.decoder import PieceDecoder
from plait.nn.guidance import UNASKED, Guided, Unasked
from plait.nn.tokens import Tokens
from plait.types import ColumnBatch

PIECES, DIM, ROWS, QUERIES = 5, 32, 4, 2


def conditions(seed, present=None):
    torch.manual_seed(seed)
    tokens = Tokens(
        torch.randn(ROWS, 3, DIM), torch.ones(ROWS, 3, dtype=torch.bool), torch.zeros(ROWS, 3, 2)
    )
    columns = None
    if present is not None:
        columns = {n: ColumnBatch({}, {}, torch.tensor(there)) for n, there in present.items()}
    return Conditions(tokens, torch.randn(ROWS, QUERIES, DIM), columns)


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    decoder = PieceDecoder(num_pieces=PIECES, dim=DIM).eval()
    for weight in decoder.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return decoder


@pytest.fixture
def unasked():
    torch.manual_seed(1)
    return Unasked(num_queries=QUERIES, dim=DIM).eval()


def shares(decoder, *told, strength=None):
    """Return the shares of pieces after two steps, of one writer or of two that are guided."""
    writing = [decoder.begin(one) for one in told]
    one = writing[0] if strength is None else Guided(*writing, strength)
    one.follow(torch.zeros(ROWS, dtype=torch.long))
    one.take(torch.tensor([2, 0]))
    return one.follow(torch.tensor([1, 3])).softmax(-1)


@torch.no_grad()
def test_between_asked_and_unasked(decoder, unasked):
    asked = conditions(2)
    free = unasked.all(asked)
    one, other = shares(decoder, asked), shares(decoder, free)
    torch.testing.assert_close(shares(decoder, asked, free, strength=1.0), one)
    torch.testing.assert_close(shares(decoder, asked, free, strength=0.0), other)
    twice = one**2 / other  # by hand: log p + 2 (log p(asked) - log p) = 2 log p(asked) - log p
    found = shares(decoder, asked, free, strength=2.0)
    torch.testing.assert_close(found, twice / twice.sum(-1, keepdim=True))


@torch.no_grad()
def test_hidden_rows_are_told_nothing(decoder, unasked):
    first, second = (shares(decoder, unasked.all(conditions(seed))) for seed in (3, 4))
    torch.testing.assert_close(first, second)
    assert not torch.allclose(*(shares(decoder, conditions(seed)) for seed in (3, 4)))


def test_rows_without_any_column_are_unasked(unasked):
    asked = conditions(2, {"a": [True, False, False, True], "b": [True, True, False, False]})
    found = unasked.some(asked)
    assert found.tokens.mask.any(1).tolist() == [True, True, False, True]
    torch.testing.assert_close(found.pooled[2], unasked.queries)
    torch.testing.assert_close(found.pooled[[0, 1, 3]], asked.pooled[[0, 1, 3]])


def test_in_training_some_are_hidden_by_lot(unasked):
    unasked.train()
    asked = conditions(2)
    draws = [~unasked.some(asked).tokens.mask.any(1) for _ in range(300)]
    assert torch.stack(draws).float().mean() == pytest.approx(UNASKED, abs=0.03)
