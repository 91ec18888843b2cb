"""The trunk: who sees whom before and after the join, and that padding means nothing."""

import pytest
import torch

from plait.nn.attention import attend
from plait.nn.tokens import Tokens, grid_tokens, length_mask
from plait.nn.transformer import REGISTER, Places, Trunk, separate_mask


def make_tokens(values, mask=None):
    batch, token, _ = values.shape
    mask = torch.ones(batch, token, dtype=torch.bool) if mask is None else mask
    return Tokens(values, mask, torch.zeros(batch, token, 2))


def make_trunk(join, depth=2):
    """Make a trunk whose layers do something: as they start, each gives back its input."""
    torch.manual_seed(0)
    trunk = Trunk(dim=16, depth=depth, num_heads=2, join=join, hidden=32).eval()
    for layer in trunk.layers:
        torch.nn.init.normal_(layer.attention.out.weight, std=0.3)
        torch.nn.init.normal_(layer.feed_forward[2].weight, std=0.3)
    return trunk


def test_layers_start_as_the_identity():
    trunk = Trunk(dim=16, depth=2, num_heads=2, join=0, hidden=32)
    values, column = torch.randn(1, 3, 16), torch.tensor([0, 0, 1])
    places = trunk.places(torch.zeros(1, 3, 2))
    found = trunk(make_tokens(values), column).values
    assert torch.allclose(found[:, 2:], trunk.norm(values + places))


def test_places_by_hand():
    places = Places(4, longest=10.0)
    found = places(torch.tensor([[[2.0, 0.5]]]))[0, 0]
    by_hand = torch.tensor([2.0, 2.0, 0.5, 0.5])
    expected = torch.stack([by_hand[0].sin(), by_hand[1].cos(), by_hand[2].sin(), by_hand[3].cos()])
    assert torch.allclose(found, 0.1 * expected)
    waves = Places(8, longest=100.0)
    assert torch.allclose(waves.rates, torch.tensor([1.0, 0.01]))


def test_places_tell_rows_from_columns_and_near_from_far():
    places = Places(32)
    found = places(torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [40.0, 0.0], [900.0, 0.0]]]))[
        0
    ]
    gaps = torch.cdist(found, found)
    assert (gaps + torch.eye(5) > 1e-2).all()
    assert gaps[0, 1] < gaps[0, 3]


def test_separate_mask_by_hand():
    mask = torch.tensor([[True, True, True, False]])
    column = torch.tensor([REGISTER, 0, 1, 1])
    found = separate_mask(mask, column)[0, 0].int().tolist()
    assert found == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 1, 0]]


@pytest.mark.parametrize(("join", "sees"), [(0, True), (1, True), (2, False)])
def test_columns_see_each_other_only_after_the_join(join, sees):
    trunk = make_trunk(join)
    column = torch.tensor([0, 0, 1])
    values = torch.randn(1, 3, 16)
    changed = values.clone()
    changed[0, 2, 0] += 1.0
    first, second = (trunk(make_tokens(v), column).values[0, 2:4] for v in (values, changed))
    assert torch.allclose(first, second, atol=1e-6) != sees


@pytest.mark.parametrize("join", [0, 1, 2])
def test_padding_changes_nothing(join):
    trunk = make_trunk(join)
    values = torch.randn(2, 3, 16)
    padded = torch.cat([values, torch.randn(2, 2, 16)], 1)
    mask = length_mask(torch.tensor([3, 3]), 5)
    alone = trunk(make_tokens(values), torch.tensor([0, 0, 1])).values
    beside = trunk(make_tokens(padded, mask), torch.tensor([0, 0, 1, 1, 1])).values
    assert torch.allclose(alone, beside[:, :5], atol=1e-5)


def test_a_row_with_nothing_is_finite():
    trunk = make_trunk(1)
    mask = torch.zeros(1, 3, dtype=torch.bool)
    found = trunk(make_tokens(torch.zeros(1, 3, 16), mask), torch.tensor([0, 0, 1]))
    assert found.values.isfinite().all()


@pytest.mark.parametrize("num_tokens", [5, 300])
def test_attention_in_bf16_is_the_fused_one(num_tokens):
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 2, num_tokens, 8) for _ in range(3))
    mask = torch.rand(2, 1, 1, num_tokens) > 0.2
    exact = torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)
    found = attend(q.bfloat16(), k.bfloat16(), v.bfloat16(), mask)
    assert float((found.float() - exact).norm() / exact.norm()) < 0.02


def test_grid_tokens_keep_their_places():
    maps = torch.arange(6.0).reshape(1, 1, 2, 3)
    found = grid_tokens(maps)
    assert found.values[0, :, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert found.positions[0, 4].tolist() == [1, 1]
