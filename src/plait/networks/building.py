"""Builds networks from what is saved of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from plait.networks.heads import Heads
from plait.networks.space import Space
from plait.networks.system import System
from plait.networks.weights import SavedHeads, SavedSpace, SavedSystems, Tensors

_Network = TypeVar("_Network", bound=nn.Module)


def build_systems(saved: SavedSystems) -> list[System]:
    """Return networks of a predictive target, in evaluation mode."""
    apart: dict[int, dict[str, np.ndarray]] = {}
    for name, array in saved.tensors.items():
        number, _, own = name.partition(".")
        apart.setdefault(int(number), {})[own] = array
    told = dict(enumerate(saved.evidence))

    def build(number: int) -> System:
        return System(saved.codecs, saved.target, saved.config, told.get(number))

    return [_filled(partial(build, number), apart[number]) for number in sorted(apart)]


def build_space(saved: SavedSpace) -> Space:
    """Return the network of a shared space, in evaluation mode."""
    make = partial(Space, saved.codecs, saved.config, saved.input_columns)
    return _filled(make, saved.tensors)


def build_heads(saved: SavedHeads) -> Heads:
    """Return a network of several targets, in evaluation mode."""
    languages = {name: one.load() for name, one in saved.languages.items()}
    make = partial(Heads, saved.codecs, saved.targets, saved.config, languages)
    return _filled(make, saved.tensors)


def _filled(make: Callable[[], _Network], tensors: Tensors) -> _Network:
    """Build a network and give it its weights; the random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        network = make()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return network.eval()
