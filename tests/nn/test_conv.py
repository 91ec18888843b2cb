"""Convolutions along a line: gradients of the shortest lines are those of arithmetic."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from plait.nn.conv import LineConv


def fill_free_memory():
    """Leave memory behind, free to be taken, that holds no numbers."""
    for num in (100, 1000, 10_000, 100_000):
        spoilt = [torch.full((num,), float("nan")) for _ in range(20)]
        del spoilt


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
@pytest.mark.parametrize("stride", [1, 2])
def test_gradients_of_short_lines_are_numbers(steps, stride):
    torch.manual_seed(0)
    conv, plain = LineConv(96, 64, 5, stride, 2), nn.Conv1d(96, 64, 5, stride, 2)
    plain.load_state_dict(conv.state_dict())
    x = torch.randn(2, 96, steps)
    plain(x).square().sum().backward()
    for _ in range(5):
        conv.zero_grad()
        fill_free_memory()
        with torch.autocast("cpu", torch.bfloat16):
            found = conv(x.bfloat16().requires_grad_())
        found.float().square().sum().backward()
        assert found.shape == plain(x).shape
        scale = float(plain.weight.grad.abs().max())
        torch.testing.assert_close(conv.weight.grad, plain.weight.grad, rtol=0, atol=0.03 * scale)
