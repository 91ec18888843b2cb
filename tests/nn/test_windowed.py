"""Sliding windows: exact against dense attention, local, blind to padding, linear in the tokens."""

from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from plait.errors import UsageError
from plait.networks.config import SystemConfig, choose_size
from plait.nn import windowed
from plait.nn.tokens import Tokens, line_positions
from plait.nn.transformer import REGISTER, Trunk, separate_mask
from plait.nn.windowed import pack, unpack, windowed_attend


def explicit_mask(mask, column, num_global, window):
    """Say token by token who sees whom, as the rule is written."""
    batch, token = mask.shape
    seen = torch.zeros(batch, 1, token, token, dtype=torch.bool)
    for row in range(batch):
        for i in range(token):
            for j in range(token):
                near = i < num_global or j < num_global or abs(i - j) <= window
                own = column is None or column[row, j] in (column[row, i], REGISTER)
                seen[row, 0, i, j] = mask[row, j] and near and own
    return seen


def dense_attend(q, k, v, seen):
    """Plain softmax attention in which who sees nobody gets zeros."""
    logits = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5
    weights = torch.where(seen, (logits - logits.detach().amax(-1, keepdim=True)).exp(), 0.0)
    return weights @ v / weights.sum(-1, keepdim=True).clamp(min=1e-30)


def make_trunk(**settings):
    torch.manual_seed(0)
    sizes = {"dim": 16, "depth": 2, "num_heads": 2, "join": 0, "hidden": 32}
    trunk = Trunk(**(sizes | settings)).eval()
    for layer in trunk.layers:
        torch.nn.init.normal_(layer.attention.out.weight, std=0.3)
        torch.nn.init.normal_(layer.feed_forward[2].weight, std=0.3)
    return trunk


def make_tokens(values, mask=None):
    tokens = line_positions(values, torch.full((len(values),), values.shape[1]))
    return tokens if mask is None else tokens._replace(mask=mask)


@settings(max_examples=60, deadline=None)
@given(
    num_local=st.integers(0, 23),
    num_global=st.integers(0, 3),
    window=st.integers(1, 9),
    apart=st.booleans(),
    max_logits=st.sampled_from([1, 2000, 2**22]),
    seed=st.integers(0, 2**16),
)
def test_same_as_dense_attention_with_the_explicit_mask(
    num_local, num_global, window, apart, max_logits, seed
):
    generator = torch.Generator().manual_seed(seed)
    token = max(1, num_local + num_global)
    shape = (2, 2, token, 4)
    q, k, v = (torch.randn(shape, generator=generator).requires_grad_() for _ in range(3))
    mask = torch.rand(2, token, generator=generator) > 0.3
    column = torch.randint(0, 2, (2, token), generator=generator) if apart else None
    if column is not None:
        column[:, :num_global] = REGISTER
    with mock.patch.object(windowed, "MAX_LOGITS", max_logits):
        found = windowed_attend(
            q, k, v, mask, column=column, num_global=num_global, window=window
        )  # fmt: skip
        weights = torch.randn(shape, generator=generator)
        found_gradients = torch.autograd.grad((found * weights).sum(), (q, k, v))
    exact = dense_attend(q, k, v, explicit_mask(mask, column, num_global, window))
    gradients = torch.autograd.grad((exact * weights).sum(), (q, k, v))
    for one, other in zip((found, *found_gradients), (exact, *gradients), strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-5)


def test_by_hand():
    q = k = torch.zeros(1, 1, 5, 4)
    v = torch.tensor([0.0, 10.0, 20.0, 30.0, 40.0])[None, None, :, None].expand(1, 1, 5, 4)
    mask = torch.tensor([[True, True, True, True, False]])
    found = windowed_attend(q, k, v, mask, column=None, num_global=1, window=1)[0, 0, :, 0]
    # The register sees all real tokens; token 4 is padding: it sees, but nobody sees it.
    assert found.tolist() == pytest.approx([15.0, 10.0, 15.0, 50.0 / 3, 15.0])


def test_registers_see_only_registers_while_columns_are_apart():
    column = torch.tensor([[REGISTER, REGISTER, 0, 0, 0, 1, 1]])
    mask = torch.ones(1, 7, dtype=torch.bool)
    wide = explicit_mask(mask, column, 2, 7)
    assert torch.equal(wide, separate_mask(mask, column[0]))
    assert wide[0, 0, :2].tolist() == [[True, True] + [False] * 5] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_who_sees_nobody_gets_zeros_and_finite_gradients(dtype):
    q, k, v = (torch.randn(1, 2, 9, 4, dtype=dtype, requires_grad=True) for _ in range(3))
    mask = torch.arange(9)[None] < 2
    found = windowed_attend(q, k, v, mask, column=None, num_global=0, window=2)
    found.float().square().sum().backward()
    assert (found[:, :, 4:] == 0).all() and (found[:, :, :4] != 0).all()
    assert all(x.grad.isfinite().all() for x in (q, k, v))


@pytest.mark.parametrize("window", [20, 100])
def test_bf16_is_close(window):
    q, k, v = (torch.randn(2, 2, 350, 8) for _ in range(3))
    mask = torch.rand(2, 350) > 0.2
    sight = {"column": None, "num_global": 2, "window": window}
    exact = windowed_attend(q, k, v, mask, **sight)
    found = windowed_attend(q.bfloat16(), k.bfloat16(), v.bfloat16(), mask, **sight)
    assert found.dtype == torch.bfloat16
    assert float((found.float() - exact).norm() / exact.norm()) < 0.02


def test_a_token_reaches_depth_times_window():
    trunk = make_trunk(num_registers=0, window=3, depth=2)
    values = torch.randn(1, 40, 16)
    changed = values.clone()
    changed[0, 20, 0] += 1.0
    column = torch.zeros(40, dtype=torch.long)
    first, second = (trunk(make_tokens(x), column).values[0] for x in (values, changed))
    moved = (first != second).any(-1).nonzero()[:, 0].tolist()
    assert moved == list(range(20 - 6, 20 + 7))


@pytest.mark.parametrize("join", [0, 1, 2])
def test_all_in_reach_is_the_dense_trunk_bit_for_bit(join):
    values, column = torch.randn(2, 9, 16), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 1])
    tokens = make_tokens(values, torch.rand(2, 9) > 0.3)
    dense = make_trunk(join=join)(tokens, column).values
    assert torch.equal(make_trunk(join=join, window=8)(tokens, column).values, dense)
    assert not torch.allclose(make_trunk(join=join, window=1)(tokens, column).values, dense)


@pytest.mark.parametrize("join", [0, 1, 2])
def test_columns_see_each_other_only_after_the_join(join):
    trunk = make_trunk(join=join, window=4)
    column = torch.tensor([0] * 10 + [1] * 10)
    values = torch.randn(1, 20, 16)
    changed = values.clone()
    changed[0, 10] += 1.0
    first, second = (trunk(make_tokens(x), column).values[0, 2:] for x in (values, changed))
    assert torch.equal(first[:10], second[:10]) == (join == 2)


@pytest.mark.parametrize("join", [0, 1, 2])
def test_padding_takes_up_no_reach(join):
    trunk = make_trunk(join=join, window=2)
    values = torch.randn(1, 12, 16)
    places = torch.tensor([0, 1, 2, 3, 4, 5, 9, 10, 11, 13, 14, 15])
    column = torch.tensor([0] * 9 + [1] * 8)
    wide, mask = torch.randn(1, 17, 16), torch.zeros(1, 17, dtype=torch.bool)
    wide[:, places], mask[:, places] = values, True
    positions = torch.zeros(1, 17, 2)
    positions[:, places, 0] = torch.arange(12.0)
    alone = trunk(make_tokens(values), column[places]).values
    beside = trunk(Tokens(wide, mask, positions), column).values
    kept = torch.cat([torch.tensor([0, 1]), places + 2])
    assert torch.allclose(alone, beside[:, kept], atol=1e-5)


def test_pack_by_hand_and_back():
    values = torch.tensor([[[1.0], [2.0], [3.0], [4.0]]])
    mask = torch.tensor([[False, True, False, True]])
    packed, column, order = pack(make_tokens(values, mask), torch.tensor([5, 6, 7, 8]))
    assert packed.values.flatten().tolist() == [2.0, 4.0, 1.0, 3.0]
    assert packed.positions[0, :, 0].tolist() == [1.0, 3.0, 0.0, 2.0]
    assert packed.mask[0].tolist() == [True, True, False, False]
    assert column[0].tolist() == [6, 8, 5, 7]
    assert torch.equal(unpack(packed.values, order), values)


@pytest.mark.parametrize("window", [None, 4])
def test_recomputing_changes_no_number(window):
    values, column = torch.randn(2, 20, 16), torch.tensor([0] * 12 + [1] * 8)
    gradients = []
    for recompute in (False, True):
        trunk = make_trunk(join=1, window=window, recompute=recompute).train()
        torch.manual_seed(1)
        trunk(make_tokens(values), column).values.square().sum().backward()
        gradients.append([parameter.grad for parameter in trunk.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


class LargestResult(TorchDispatchMode):
    """Note the number of elements of the largest tensor that any operation returns."""

    def __init__(self):
        super().__init__()
        self.most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        sizes = [x.untyped_storage().nbytes() for x in tree_leaves(result) if torch.is_tensor(x)]
        self.most = max([self.most, *sizes])
        return result


def step(num_tokens, window):
    trunk = make_trunk(window=window, join=1)
    column = torch.arange(num_tokens) // (num_tokens // 2)
    trunk(make_tokens(torch.randn(1, num_tokens, 16)), column).values.square().sum().backward()


def count(num_tokens, window):
    """Return the FLOPs of a step, and the bytes of its largest tensor."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as flops:
        step(num_tokens, window)
    with LargestResult() as largest:
        step(num_tokens, window)
    return flops.get_total_flops(), largest.most


def test_work_and_memory_grow_linearly():
    (work, size), (work4, size4) = (count(num_tokens, 16) for num_tokens in (512, 2048))
    assert work4 <= 4.3 * work and size4 <= 4.3 * size
    assert size4 <= 2048 * 16 * 4 * 8
    dense, dense4 = (count(num_tokens, None)[0] for num_tokens in (512, 2048))
    assert dense4 > 8 * dense


def test_no_branch_depends_on_data():
    # Tensors without data raise wherever a value would decide; what is left, compiles.
    q, k, v = (torch.randn(2, 2, 30, 4, device="meta", requires_grad=True) for _ in range(3))
    mask = torch.ones(2, 30, dtype=torch.bool, device="meta")
    for column in (None, torch.zeros(2, 30, dtype=torch.long, device="meta")):
        found = windowed_attend(q, k, v, mask, column=column, num_global=2, window=4)
        found.sum().backward()
        assert found.shape == q.shape == q.grad.shape


def test_the_window_is_a_setting_of_the_network():
    assert choose_size("dim=64,window=256", 100).window == 256
    assert SystemConfig().window is None
    with pytest.raises(UsageError, match="attention window is too small"):
        SystemConfig(window=0).check()
