"""What is kept of trained networks: their weights as plain arrays, and what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.baselines.evidence import Evidence


def tensors_of(network: Any) -> dict[str, np.ndarray]:
    """Return a network's weights as float32 NumPy arrays."""
    return {
        name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()
    }


def tensors_of_all(networks: Sequence[Any]) -> dict[str, np.ndarray]:
    """Return the weights of several networks, named as for `build_systems`."""
    return {
        f"{number}.{name}": array
        for number, network in enumerate(networks)
        for name, array in tensors_of(network).items()
    }


def evidence_of(networks: Sequence[Any]) -> tuple[Evidence, ...]:
    """Return what several networks are told, or nothing where they are told nothing."""
    return tuple(network.evidence for network in networks if network.evidence is not None)
