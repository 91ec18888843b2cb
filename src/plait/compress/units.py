"""Inner units of a network: what no other part sees, and what can be taken out whole.

A unit is a place of a hidden layer, a channel within a residual block, or an attention head. Taking
it out leaves a smaller network of the same form outside: its graph is really smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from plait.nn.attention import Attention
from plait.nn.conv import ConvBlock

LEAST_UNITS = 4
"""Hidden places and channels that a block keeps."""


@dataclass(frozen=True)
class Slice:
    """Part of a weight that belongs to units, evenly along one axis.

    Attributes:
        owner, name: Module and name of the parameter.
        axis: Along which the units lie.
        chunks: How often the units lie there one after another (queries, keys, values).
    """

    owner: nn.Module
    name: str
    axis: int
    chunks: int = 1

    @property
    def weight(self) -> nn.Parameter:
        """The parameter, as it is now."""
        found: nn.Parameter = getattr(self.owner, self.name)
        return found

    def by_unit(self, array: Tensor, num_units: int) -> Tensor:
        """Return an array of the weight's shape as ``[unit, number]``."""
        moved = array.movedim(self.axis, 0)
        return moved.reshape(self.chunks, num_units, -1).transpose(0, 1).flatten(1)

    def keep(self, kept: Tensor, num_units: int) -> None:
        """Leave some units of the weight."""
        whole = self.weight.detach().movedim(self.axis, 0)
        apart = whole.reshape(self.chunks, num_units, -1, *whole.shape[1:])
        some = apart[:, kept].flatten(0, 2).movedim(0, self.axis).contiguous()
        setattr(self.owner, self.name, nn.Parameter(some))


@dataclass(frozen=True)
class Group:
    """The units of one block.

    Attributes:
        name: Of the block within the network.
        kind: ``hidden``, ``channel`` or ``head``.
        num_units: How many there are.
        slices: The weights that are theirs.
        least: How many are kept at least.
        block: Whose own sizes follow.
    """

    name: str
    kind: str
    num_units: int
    slices: Sequence[Slice]
    least: int
    block: nn.Module = field(repr=False)

    @property
    def unit_size(self) -> int:
        """Weights of a unit."""
        return sum(one.weight.numel() for one in self.slices) // self.num_units

    def importance(self) -> Tensor:
        """Return what each unit is worth, by the gradients that its weights hold now.

        The square of the first-order change of the loss were the unit gone: ``(sum_w g w)^2``
        (Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning", equation 8).
        """
        total = torch.zeros(self.num_units)
        for one in self.slices:
            if one.weight.grad is not None:
                product = one.weight.grad * one.weight.detach()
                total += one.by_unit(product, self.num_units).sum(1)
        return total.square()

    def keep(self, kept: Tensor) -> None:
        """Leave some units, by their ascending places."""
        for one in self.slices:
            one.keep(kept, self.num_units)
        _resize(self.block, len(kept))


def groups_of(network: nn.Module) -> list[Group]:
    """Return the units of a network, block by block."""
    return [group for name, block in network.named_modules() for group in _groups(name, block)]


def num_parameters(network: nn.Module) -> int:
    """Return how many weights a network has."""
    return sum(one.numel() for one in network.parameters())


def _groups(name: str, block: nn.Module) -> Iterator[Group]:
    """Give the units of a block, of a kind that is known."""
    if isinstance(block, nn.Sequential) and _is_hidden(block):
        first, last = _ends(block)
        slices = [Slice(first, "weight", 0), Slice(first, "bias", 0), Slice(last, "weight", 1)]
        yield Group(name, "hidden", first.out_features, slices, LEAST_UNITS, block)
    elif isinstance(block, ConvBlock):
        norm = block.norm2.norm
        slices = [
            Slice(block.conv1, "weight", 0),
            Slice(norm, "weight", 0),
            Slice(norm, "bias", 0),
            Slice(block.conv2, "weight", 1),
        ]
        yield Group(name, "channel", block.conv1.out_channels, slices, LEAST_UNITS, block)
    elif isinstance(block, Attention) and block.num_heads > 1:
        slices = [Slice(block.qkv, "weight", 0, chunks=3), Slice(block.out, "weight", 1)]
        yield Group(name, "head", block.num_heads, slices, 1, block)


def _is_hidden(block: nn.Sequential) -> bool:
    """Tell whether a block is two linear layers with a function of single numbers between them."""
    if len(block) != 3 or not isinstance(block[1], nn.GELU | nn.SiLU | nn.ReLU):
        return False
    linear = isinstance(block[0], nn.Linear) and isinstance(block[2], nn.Linear)
    return linear and block[0].bias is not None


def _ends(block: nn.Sequential) -> tuple[Any, Any]:
    """Return the linear layers of a hidden layer."""
    return block[0], block[2]


def _resize(block: nn.Module, num_units: int) -> None:
    """Set what a block says of its own sizes."""
    if isinstance(block, Attention):
        block.num_heads = num_units
        block.qkv.out_features = len(block.qkv.weight)
        block.out.in_features = block.out.weight.shape[1]
    elif isinstance(block, ConvBlock):
        block.conv1.out_channels = block.conv2.in_channels = num_units
        block.norm2.norm.normalized_shape = (num_units,)
    elif isinstance(block, nn.Sequential):
        first, last = _ends(block)
        first.out_features = last.in_features = num_units
