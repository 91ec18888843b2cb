"""Masked latents: what may be hidden and how much, the loss when nothing is wrong, collapse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from plait.nn.tokens import Tokens, grid_tokens, line_positions, point_positions
from plait.train.latent import LatentPredictor, hide_tokens, spread


def side_by_side(*parts):
    """Join columns' tokens; returns them and each token's column number."""
    numbers = [torch.full((part.mask.shape[1],), i) for i, part in enumerate(parts)]
    joined = Tokens(*(torch.cat(list(found), 1) for found in zip(*parts, strict=True)))
    return joined, torch.cat(numbers)


def line(lengths, num):
    return line_positions(torch.zeros(len(lengths), num, 4), torch.tensor(lengths))


def points(batch):
    return point_positions(torch.zeros(batch, 1, 4))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.floats(0.05, 1.0), st.data())
@settings(max_examples=60, deadline=None)
def test_padding_is_never_hidden_and_no_row_wholly(lengths, share, data):
    draw = torch.Generator().manual_seed(data.draw(st.integers(0, 10**6)))
    tokens, column = side_by_side(line(lengths, 9), points(len(lengths)), line(lengths, 9))
    tokens.mask[:, 9] = torch.rand(len(lengths), generator=draw) < 0.5
    hidden = hide_tokens(tokens, column, share, draw)
    assert hidden.dtype == torch.bool and not (hidden & ~tokens.mask).any()
    assert torch.equal((tokens.mask & ~hidden).any(1), tokens.mask.any(1))


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_about_the_share_asked_for_is_hidden_in_every_column(share):
    draw = torch.Generator().manual_seed(0)
    batch = 400
    tokens, column = side_by_side(line([10] * batch, 10), line([5, 9] * 200, 9), points(batch))
    hidden = hide_tokens(tokens, column, share, draw)
    for number in range(3):
        places = column == number
        found = hidden[:, places].sum() / tokens.mask[:, places].sum()
        assert float(found) == pytest.approx(share, abs=0.06)
    # Rounded by chance, row by row, and by less than one token.
    assert (hidden[:, :10].sum(1) - 10 * share).abs().max() < 1
    lengths = tokens.mask[:, 10:19].sum(1)
    assert (hidden[:, 10:19].sum(1) - lengths * share).abs().max() < 1


def test_a_single_token_is_hidden_whole_with_the_chance_asked_for():
    draw = torch.Generator().manual_seed(0)
    tokens, column = side_by_side(points(2000), line([50] * 2000, 50))
    hidden = hide_tokens(tokens, column, 0.3, draw)[:, 0]
    assert float(hidden.float().mean()) == pytest.approx(0.3, abs=0.04)


def test_rows_of_one_token_are_left_alone():
    tokens, column = side_by_side(points(50))
    assert not hide_tokens(tokens, column, 0.9).any()


def test_a_region_of_a_sequence_is_contiguous():
    draw = torch.Generator().manual_seed(1)
    tokens, column = side_by_side(line([20, 13, 7] * 40, 20))
    hidden = hide_tokens(tokens, column, 0.4, draw)
    starts = []
    for row in hidden:
        places = torch.nonzero(row)[:, 0]
        assert len(places) > 0 and int(places[-1] - places[0]) + 1 == len(places)
        starts.append(int(places[0]))
    assert len(set(starts)) > 5


def test_a_region_of_a_picture_is_round():
    draw = torch.Generator().manual_seed(1)
    tokens = grid_tokens(torch.zeros(30, 4, 8, 8))
    hidden = hide_tokens(tokens, torch.zeros(64, dtype=torch.long), 9 / 64, draw)
    for row in hidden:
        spots = tokens.positions[0][row]
        far = torch.cdist(spots, spots).max()
        assert float(far) <= 32**0.5 + 1e-4  # nine nearest, even where the centre is in a corner


def test_a_seed_repeats_and_another_differs():
    tokens, column = side_by_side(line([20] * 10, 20))
    one, two, other = (
        hide_tokens(tokens, column, 0.5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_blinding_replaces_hidden_values_only():
    predictor = LatentPredictor(dim=4)
    tokens = line([5, 3], 5)._replace(values=torch.randn(2, 5, 4))
    hidden = torch.zeros(2, 5, dtype=torch.bool)
    hidden[0, 1] = hidden[1, 2] = True
    blind = predictor.blind(tokens, hidden)
    assert torch.equal(blind.values[~hidden], tokens.values[~hidden])
    assert torch.equal(blind.values[hidden], predictor.blank.expand(2, -1))
    assert blind.mask is tokens.mask and blind.positions is tokens.positions


@pytest.fixture
def exact():
    """A predictor whose guess is its input."""
    predictor = LatentPredictor(dim=6)
    predictor.guess = torch.nn.Identity()
    return predictor


@pytest.fixture
def guessed():
    draw = torch.Generator().manual_seed(3)
    column = torch.tensor([0, 0, 0, 1])
    hidden = torch.tensor([[True, False, True, True], [False, True, False, False]])
    return torch.randn(2, 4, 6, generator=draw), hidden, column


def test_an_exact_guess_costs_nothing_however_large_the_teacher(exact, guessed):
    target, hidden, column = guessed
    seen = F.layer_norm(target, (6,))
    assert float(exact.loss(seen, target, hidden, column)) == 0.0
    assert float(exact.loss(seen, 100 * target, hidden, column)) < 1e-3
    assert float(exact.loss(seen, target.flip(0), hidden, column)) > 0.1


def test_only_hidden_places_are_compared(exact, guessed):
    target, hidden, column = guessed
    seen = F.layer_norm(target, (6,))
    wrong = torch.where(hidden[..., None], seen, 1000.0)
    assert float(exact.loss(wrong, target, hidden, column)) == 0.0
    nothing = torch.zeros_like(hidden)
    assert float(exact.loss(wrong, target, nothing, column)) == 0.0


def test_columns_weigh_the_same_whatever_their_tokens(exact, guessed):
    target, hidden, column = guessed
    goal = F.layer_norm(target, (6,))
    seen = goal.clone()
    seen[hidden & (column == 0)] += 3.0  # smooth L1 of 3 is 2.5
    assert float(exact.loss(seen, target, hidden, column)) == pytest.approx(2.5 / 2, rel=1e-5)
    seen = goal.clone()
    seen[hidden & (column == 1)] += 3.0
    assert float(exact.loss(seen, target, hidden, column)) == pytest.approx(2.5 / 2, rel=1e-5)


def test_spread_tells_collapse_from_a_full_sphere():
    rng = np.random.default_rng(0)
    full = F.normalize(torch.from_numpy(rng.normal(size=(2000, 8))), dim=-1)
    one = full[:1].expand(100, -1)
    assert spread(one)["std"] == pytest.approx(0.0, abs=1e-7)
    found = spread(full)
    assert found["std"] == pytest.approx(1.0, abs=0.03)
    assert found["rank"] == pytest.approx(8.0, abs=0.1)
    flat = torch.zeros(2000, 8, dtype=torch.float64)
    flat[:, :2] = F.normalize(full[:, :2], dim=-1)
    assert spread(flat)["rank"] == pytest.approx(2.0, abs=0.1)
    assert spread(flat)["std"] < found["std"]
