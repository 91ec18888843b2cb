"""Alignment: the loss against its formula, what counts for nothing, the bank, emergent pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from plait.retrieval import match_ranks
from plait.train.alignment import Alignment, sigmoid_loss


def unit(*shape, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=draw), dim=-1)


def loop_loss(first, second, match, ignore, scale, bias):
    """The formula, one pair at a time."""
    total = 0.0
    for i, a in enumerate(first.tolist()):
        for j, b in enumerate(second.tolist()):
            if ignore[i, j] and not match[i, j]:
                continue
            y = 1.0 if match[i, j] else -1.0
            logit = scale * sum(x * z for x, z in zip(a, b, strict=True)) + bias
            total += math.log1p(math.exp(-y * logit))
    return total / len(first)


@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.5, 20), st.floats(-8, 2), st.data())
@settings(max_examples=40, deadline=None)
def test_the_loss_is_its_formula(rows, others, scale, bias, data):
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    first, second = unit(rows, 4, seed=seed), unit(others, 4, seed=seed + 1)
    match = torch.from_numpy(rng.random((rows, others)) < 0.3)
    ignore = torch.from_numpy(rng.random((rows, others)) < 0.3)
    found = sigmoid_loss(first, second, match, ignore, torch.tensor(scale), torch.tensor(bias))
    expected = loop_loss(first, second, match, ignore, scale, bias)
    assert float(found) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def make(num_input_columns=2, dim=4, **settings):
    return Alignment(num_input_columns=num_input_columns, dim=dim, **settings)


def everywhere(input_columns, rows):
    return torch.ones(input_columns, rows, dtype=torch.bool)


def alone(input_columns, rows):
    """Say that every row is alike to itself only."""
    return torch.eye(rows, dtype=torch.bool).expand(input_columns, -1, -1).clone()


def test_alike_places_count_for_nothing():
    alignment, x = make(), unit(2, 5, 4)
    alike = alone(2, 5)
    alike[1, 0, 3] = alike[1, 3, 0] = True
    found = float(alignment.pair(x, x, everywhere(2, 5), alike, (0, 1)).detach())
    scale, bias = 10.0, -math.log(128)
    match, ignore = torch.eye(5, dtype=torch.bool), alike[1] | alike[0]
    assert found == pytest.approx(loop_loss(x[0], x[1], match, ignore, scale, bias), rel=1e-4)
    plain = float(alignment.pair(x, x, everywhere(2, 5), alone(2, 5), (0, 1)).detach())
    assert found < plain


def test_two_alike_rows_do_not_push_each_other_apart():
    alignment, x = make(), unit(2, 2, 4).requires_grad_(True)
    alike = torch.ones(2, 2, 2, dtype=torch.bool)
    alignment.pair(x, x, everywhere(2, 2), alike, (0, 1)).backward()
    # Only the match is left: each vector's gradient is a multiple of its own partner.
    for row in range(2):
        cosine = F.cosine_similarity(x.grad[0, row], x[1, row].detach(), dim=0)
        assert float(cosine) == pytest.approx(-1.0, abs=1e-5)


@torch.no_grad()
def test_the_order_of_rows_changes_nothing():
    alignment, x, present = make(3), unit(3, 7, 4), torch.rand(3, 7) > 0.3
    numbers = torch.tensor([0, 1, 2, 2, 3, 0, 4])
    alike = (numbers[:, None] == numbers[None]).expand(3, -1, -1)
    order = torch.randperm(7)
    for pair in [(0, 1), (1, 2), (0, 0)]:
        one = alignment.pair(x, x, present, alike, pair)
        two = alignment.pair(
            x[:, order], x[:, order], present[:, order], alike[:, order][:, :, order], pair
        )
        assert float(one) == pytest.approx(float(two), rel=1e-5)


@torch.no_grad()
def test_a_pair_is_the_same_both_ways_round():
    alignment, x = make(3), unit(3, 6, 4)
    alignment.log_scale += torch.arange(9.0) / 10
    alignment.bias += torch.arange(9.0) / 10
    args = (x, x, everywhere(3, 6), alone(3, 6))
    assert float(alignment.pair(*args, (0, 2))) == pytest.approx(
        float(alignment.pair(*args, (2, 0))), rel=1e-5
    )
    assert float(alignment.pair(*args, (0, 2))) != pytest.approx(
        float(alignment.pair(*args, (0, 1))), rel=1e-3
    )


@torch.no_grad()
def test_rows_that_lack_an_input_column_are_left_out():
    alignment, x, present = make(), unit(2, 5, 4), everywhere(2, 5)
    present[1, 3] = False
    kept = [0, 1, 2, 4]
    one = alignment.pair(x, x, present, alone(2, 5), (0, 1))
    two = alignment.pair(x[:, kept], x[:, kept], everywhere(2, 4), alone(2, 4), (0, 1))
    assert float(one) == pytest.approx(float(two), rel=1e-6)
    present[0, :3] = False
    assert alignment.pair(x, x, present, alone(2, 5), (0, 1)) is None


def test_the_bank_ignores_empty_places_and_rows_that_are_alike_in_either_input_column():
    alignment, x = make(bank_size=4), unit(2, 1, 4)
    apart = torch.zeros(2, 1, 4, dtype=torch.bool)
    assert float(alignment.against_bank(x[0], apart, (0, 1)).detach()) == 0.0
    old = unit(2, 3, 4, seed=5)
    alignment.remember(old, torch.tensor([3, 1, 2]), everywhere(2, 3))
    alike = apart.clone()
    alike[0, 0, 0] = alike[1, 0, 2] = True
    found = float(alignment.against_bank(x[0], alike, (0, 1)).detach())
    # The first is alike in input column 0, the third in input column 1, and the fourth place is
    # empty.
    logit = 10.0 * float(x[0, 0] @ old[1, 1]) - math.log(128)
    assert found == pytest.approx(math.log1p(math.exp(logit)), rel=1e-4)


def test_remember_pushes_the_oldest_out():
    alignment = make(bank_size=3)
    first, second = unit(2, 2, 4, seed=1), unit(2, 2, 4, seed=2)
    alignment.remember(first, torch.tensor([10, 11]), everywhere(2, 2))
    assert alignment.bank_rows.tolist() == [[10, 11, -1]] * 2
    present = everywhere(2, 2)
    present[1, 0] = False
    alignment.remember(second, torch.tensor([20, 21]), present)
    assert alignment.bank_rows.tolist() == [[20, 21, 10], [21, 10, 11]]
    assert torch.equal(alignment.bank[0], torch.stack([*second[0], first[0, 0]]))
    assert torch.equal(alignment.bank[1], torch.stack([second[1, 1], *first[1]]))


def test_the_scale_is_the_mean_over_pairs_of_two_and_bounded():
    alignment = make(3)
    with torch.no_grad():
        alignment.log_scale.fill_(99.0)
        for place, value in {1: 2.0, 2: 4.0, 5: 9.0}.items():  # (0, 1), (0, 2), (1, 2)
            alignment.log_scale[place] = math.log(value)
    assert alignment.scale == pytest.approx(5.0)
    with torch.no_grad():
        alignment.log_scale.fill_(99.0)
    assert alignment.scale == pytest.approx(100.0, rel=1e-4)


def test_pairs_ab_and_bc_alone_align_ac():
    """Half of the rows have a and b, the others b and c; a and c never meet, and yet align."""
    torch.manual_seed(0)
    num, hidden = 64, 4
    meaning = torch.randn(num, hidden)
    seen = [meaning @ torch.randn(hidden, 12) for _ in range(3)]
    maps = torch.nn.ParameterList([torch.randn(12, 8) * 0.3 for _ in range(3)])
    alignment = make(3, 8, num_others=num)
    present = everywhere(3, num)
    present[2, : num // 2] = present[0, num // 2 :] = False
    assert not (present[0] & present[2]).any()
    optimizer = torch.optim.Adam([*maps.parameters(), *alignment.parameters()], lr=0.02)

    def vectors():
        return torch.stack([F.normalize(x @ m, dim=-1) for x, m in zip(seen, maps, strict=True)])

    def share_found():
        a, _, c = vectors().detach().numpy()
        return (match_ranks(a, c) <= 5).mean()

    before = share_found()
    for _ in range(200):
        x = vectors()
        losses = [alignment.pair(x, x, present, alone(3, num), pair) for pair in ((0, 1), (1, 2))]
        assert alignment.pair(x, x, present, alone(3, num), (0, 2)) is None
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
    assert before < 0.25 and share_found() > 0.45  # chance is 5 of 64
