"""Starts a network from a shared space: copies what the two have in common."""

from __future__ import annotations

import torch

from plait.networks.config import SystemConfig
from plait.networks.heads import Heads
from plait.networks.space import Space
from plait.networks.system import System


@torch.no_grad()
def start_from(system: System | Heads, space: Space) -> int:
    """Copy stems, column vectors and trunk of a space into a network; return the weights copied.

    Stems are shared by preprocessing (`codec_hash`), column vectors by column name. What only
    one of the two has is left as it is.
    """
    copied = 0
    for stem, network in space.encoder.stems.items():
        if stem in system.encoder.stems:
            system.encoder.stems[stem].load_state_dict(network.state_dict())
            copied += sum(parameter.numel() for parameter in network.parameters())
    for place, name in enumerate(space.encoder.columns):
        if name in system.encoder.columns:
            there = system.encoder.columns.index(name)
            system.encoder.column_vectors[there] = space.encoder.column_vectors[place]
            copied += space.encoder.column_vectors[place].numel()
    if _trunk_shape(system.config) == _trunk_shape(space.config):
        system.trunk.load_state_dict(space.trunk.state_dict())
        copied += sum(parameter.numel() for parameter in space.trunk.parameters())
    return copied


def _trunk_shape(config: SystemConfig) -> tuple[float, ...]:
    return config.dim, config.depth, config.num_heads, config.mlp_ratio
