"""Members of a closed set are scored at once as they are one piece after the other."""

from __future__ import annotations

import itertools

import pytest
import torch

from plait.nn.conditions import Conditions
from plait.nn.decoder import PieceDecoder
from plait.nn.prefix_tree import PrefixTree
from plait.nn.tokens import Tokens

PIECES, DIM, ROWS = 9, 64, 3
SETS = [
    [[1], [2]],
    [[1], [1, 2], [1, 2, 3], [4, 2], [4, 5]],
    [list(one) for one in itertools.product((1, 2, 3), repeat=3)],
]


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    decoder = PieceDecoder(num_pieces=PIECES, dim=DIM).eval()
    for weight in decoder.parameters():
        torch.nn.init.normal_(weight, std=0.15)
    return decoder


@pytest.fixture
def conditions():
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    tokens = Tokens(torch.randn(ROWS, 3, DIM), mask, torch.zeros(ROWS, 3, 2))
    return Conditions(tokens, torch.randn(ROWS, 2, DIM))


def one_by_one(decoder, conditions, members):
    """The chance of each member where at each place only what the set allows may follow."""
    found = []
    for member in members:
        total, path = torch.zeros(ROWS), [*member, 0]
        for place, piece in enumerate(path):
            before = torch.tensor([[0, *member[:place]]] * ROWS)
            allowed = sorted({
                [*other, 0][place] for other in members if other[:place] == member[:place]
            })  # fmt: skip
            logits = decoder(conditions, before)[:, -1, allowed]
            total += logits.log_softmax(-1)[:, allowed.index(piece)]
        found.append(total)
    return torch.stack(found, 1)


@torch.no_grad()
@pytest.mark.parametrize("members", SETS, ids=len)
def test_all_at_once_is_one_after_the_other_and_shares_add_up(decoder, conditions, members):
    tree = PrefixTree(members)
    found = decoder.shares(conditions, tree)
    torch.testing.assert_close(found, one_by_one(decoder, conditions, members))
    torch.testing.assert_close(found.exp().sum(1), torch.ones(ROWS))


def test_beginnings_are_shared():
    tree = PrefixTree(SETS[2])
    assert len(tree) == 1 + 3 + 9 + 27 and tree.members.sum(0).tolist() == [4.0] * 27
    assert tree.among.sum(1).tolist() == (tree.depth + 1).tolist()


def test_far_logits_leave_numbers():
    tree = PrefixTree(SETS[1])
    logits = torch.full((1, len(tree.nexts)), -1e9)
    logits[0, 0] = 1e4
    assert torch.isfinite(tree.log_shares(logits)).all()
