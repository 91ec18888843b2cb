"""The network of a shared space as torch's, for training that starts from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plait.model.shared_space import SharedSpace

if TYPE_CHECKING:
    from plait.networks.space import Space


def space_network(space: SharedSpace) -> Space:
    """Build the network of a shared space (imports torch)."""
    from plait.networks.building import build_space

    return build_space(space.network)
