"""Beam search: greedy at width one, the best of all sequences where all beginnings are kept."""

from __future__ import annotations

import itertools

import pytest
import torch

from plait.nn.beam import beam_search
from plait.nn.conditions import Conditions
from plait.nn.decoder import PieceDecoder
from plait.nn.tokens import Tokens

PIECES, DIM, ROWS, MOST = 4, 64, 5, 4


@pytest.fixture(params=range(3))
def decoder(request):
    torch.manual_seed(request.param)
    decoder = PieceDecoder(num_pieces=PIECES, dim=DIM).eval()
    for weight in decoder.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return decoder


@pytest.fixture
def conditions():
    torch.manual_seed(9)
    mask = torch.rand(ROWS, 3) < 0.7
    mask[:, 0] = True
    return Conditions(
        Tokens(torch.randn(ROWS, 3, DIM), mask, torch.zeros(ROWS, 3, 2)), torch.randn(ROWS, 2, DIM)
    )


@torch.no_grad()
def scored(decoder, conditions):
    """Every sequence of up to `MOST` pieces with each row's log-likelihood, without any cache."""
    found = {}
    for length in range(1, MOST + 1):
        for pieces in itertools.product(range(1, PIECES), repeat=length):
            path = [*pieces, 0][:MOST]
            before = torch.tensor([[0, *path[:-1]]] * ROWS)
            logits = decoder(conditions, before)
            logits[:, 0, 0] = -torch.inf
            told = logits.log_softmax(-1).gather(2, torch.tensor([path] * ROWS)[..., None])
            found[pieces] = told[..., 0].sum(1), len(path)
    return found


def search(decoder, conditions, width):
    writing = decoder.begin(conditions)
    return beam_search(writing, num_rows=len(conditions.pooled), width=width, most=MOST)


@torch.no_grad()
def test_with_room_for_all_it_finds_the_best_of_all(decoder, conditions):
    every = scored(decoder, conditions)
    found = search(decoder, conditions, width=(PIECES - 1) ** MOST)
    for row, one in enumerate(found):
        best = max(every, key=lambda s: every[s][0][row] / ((5 + every[s][1]) / 6))
        assert tuple(one.pieces) == best
        assert one.log_likelihood == pytest.approx(float(every[best][0][row]), abs=1e-4)
        assert one.length == every[best][1]


@torch.no_grad()
def test_one_beam_is_greedy(decoder, conditions):
    writing, last = decoder.begin(conditions), torch.zeros(ROWS, dtype=torch.long)
    greedy = [[] for _ in range(ROWS)]
    for place in range(MOST):
        logits = writing.follow(last)
        if place == 0:
            logits[:, 0] = -torch.inf
        last = logits.argmax(-1)
        for row, piece in enumerate(last.tolist()):
            greedy[row].append(piece)
    cut = [path[: path.index(0)] if 0 in path else path for path in greedy]
    assert [one.pieces for one in search(decoder, conditions, 1)] == cut


@torch.no_grad()
def test_a_row_is_answered_alike_alone_and_in_company(decoder, conditions):
    found = search(decoder, conditions, 3)
    for row in range(ROWS):
        (alone,) = search(decoder, conditions.take(slice(row, row + 1)), 3)
        assert alone.pieces == found[row].pieces
        assert alone.log_likelihood == pytest.approx(found[row].log_likelihood, abs=1e-4)
