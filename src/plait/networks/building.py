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
    input_columns: Mapping[str, Sequence[str]],
    tensors: Tensors,
) -> Space:
    """Return the network of a shared space, in evaluation mode."""
    return _filled(lambda: Space(codecs, config, input_columns), tensors)


def build_heads(
    codecs: Mapping[str, Codec],
    targets: Mapping[str, TargetCodec],
    config: SystemConfig,
    tensors: Tensors,
) -> Heads:
    """Return a network of several targets, in evaluation mode."""
    return _filled(lambda: Heads(codecs, targets, config), tensors)


def _filled(make: Callable[[], _Network], tensors: Tensors) -> _Network:
    """Build a network and give it its weights; the random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        network = make()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return network.eval()
