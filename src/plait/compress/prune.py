"""Structured pruning: takes whole units out of a network, round by round, with recovery between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from plait.compress.units import Group, groups_of, num_parameters

ROUNDS = 3
"""In which units go: what is left tells better what it is worth once it has recovered."""


@dataclass(frozen=True)
class Pruned:
    """What a pruning took.

    Attributes:
        before, after: Weights of the network.
        kept: Block -> units that it had, and has.
    """

    before: int
    after: int
    kept: dict[str, tuple[int, int]]

    @property
    def share_gone(self) -> float:
        """Share of the weights that are gone."""
        return 1.0 - self.after / max(self.before, 1)


def prune(
    network: nn.Module,
    share: float,
    *,
    learn: Callable[[nn.Module], None],
    recover: Callable[[nn.Module, float], None],
    rounds: int = ROUNDS,
) -> Pruned:
    """Take units out of a network in place until `share` of its weights are gone, or no more can.

    Args:
        network: To be pruned.
        share: Of its weights, in (0, 1).
        learn: Fills the gradients of the network's weights by the loss of typical rows.
        recover: Trains the network; told the share of the whole recovery that this round has.
        rounds: How often units are taken.
    """
    before = num_parameters(network)
    first = {group.name: group.num_units for group in groups_of(network)}
    for number in range(1, rounds + 1):
        target = round(before * (1.0 - share * number / rounds))
        network.zero_grad(set_to_none=True)
        learn(network)
        _take(network, target)
        network.zero_grad(set_to_none=True)
        recover(network, 2 * number / (rounds * (rounds + 1)))
    left = {group.name: group.num_units for group in groups_of(network)}
    kept = {name: (num, left.get(name, 1)) for name, num in first.items()}
    return Pruned(before, num_parameters(network), kept)


def _take(network: nn.Module, target: int) -> None:
    """Take out the units that are worth least for their size, until `target` weights are left."""
    groups = groups_of(network)
    order = sorted(
        (float(worth) / group.unit_size, place, unit)
        for place, group in enumerate(groups)
        for unit, worth in enumerate(_relative(group))
    )
    left, gone = num_parameters(network), [set[int]() for _ in groups]
    for _, place, unit in order:
        if left <= target:
            break
        group = groups[place]
        if group.num_units - len(gone[place]) > group.least:
            gone[place].add(unit)
            left -= group.unit_size
    for group, units in zip(groups, gone, strict=True):
        if units:
            kept = [unit for unit in range(group.num_units) if unit not in units]
            group.keep(torch.tensor(kept))


def _relative(group: Group) -> torch.Tensor:
    """Return the importance of a block's units, in shares of the block's length.

    Losses tell more of late blocks than of early ones; compared as they are, whole blocks would go
    (Molchanov et al. 2017, "Pruning Convolutional Neural Networks", section 2.2).
    """
    worth = group.importance()
    return worth / worth.square().sum().sqrt().clamp(min=1e-30)
