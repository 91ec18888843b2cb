"""Builds networks from their weights as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from plait.baselines.evidence import Evidence
from plait.modalities import Codec, TargetCodec
from plait.networks.config import SystemConfig
from plait.networks.heads import Heads
from plait.networks.space import Space
from plait.networks.system import System

Tensors = Mapping[str, np.ndarray]
_Network = TypeVar("_Network", bound=nn.Module)


def build_systems(
    codecs: Mapping[str, Codec],
    target: Codec,
    config: SystemConfig,
    tensors: Tensors,
    evidence: Sequence[Evidence] = (),
) -> list[System]:
    """Return networks of one shape, in evaluation mode.

    Args:
        codecs, target, config: As for `System`.
        tensors: Number of the network, a dot, name -> weights.
        evidence: What each network is told; empty where they are told nothing.
    """
    apart: dict[int, dict[str, np.ndarray]] = {}
    for name, array in tensors.items():
        number, _, own = name.partition(".")
        apart.setdefault(int(number), {})[own] = array
    told = dict(enumerate(evidence))

    def build(number: int) -> System:
        return System(codecs, target, config, told.get(number))

    return [_filled(partial(build, number), apart[number]) for number in sorted(apart)]


def build_space(
    codecs: Mapping[str, Codec],
    config: SystemConfig,
    sources: Mapping[str, Sequence[str]],
    tensors: Tensors,
) -> Space:
    """Return the network of a shared space, in evaluation mode."""
    return _filled(lambda: Space(codecs, config, sources), tensors)


def build_heads(
    codecs: Mapping[str, Codec],
    targets: Mapping[str, TargetCodec],
    config: SystemConfig,
    tensors: Tensors,
) -> Heads:
    """Return a network of several targets, in evaluation mode."""
    return _filled(lambda: Heads(codecs, targets, config), tensors)


def tensors_of(network: nn.Module) -> dict[str, np.ndarray]:
    """Return a network's weights as float32 NumPy arrays."""
    return {
        name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()
    }


def tensors_of_all(networks: Sequence[nn.Module]) -> dict[str, np.ndarray]:
    """Return the weights of several networks, named as for `build_systems`."""
    return {
        f"{number}.{name}": array
        for number, network in enumerate(networks)
        for name, array in tensors_of(network).items()
    }


def evidence_of(networks: Sequence[System]) -> tuple[Evidence, ...]:
    """Return what several networks are told, or nothing where they are told nothing."""
    return tuple(network.evidence for network in networks if network.evidence is not None)


def _filled(make: Callable[[], _Network], tensors: Tensors) -> _Network:
    """Build a network and give it its weights; the random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        network = make()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return network.eval()
