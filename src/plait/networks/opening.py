"""Opens networks as runners: the one door from models to what runs them, which is torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.baselines.evidence import Evidence
from plait.modalities import Codec, TargetCodec
from plait.networks.config import SystemConfig
from plait.networks.runner import Drawer, Runner

Tensors = Mapping[str, np.ndarray]


def open_systems(
    codecs: Mapping[str, Codec],
    target: Codec,
    config: SystemConfig,
    tensors: Tensors,
    evidence: Sequence[Evidence] = (),
) -> list[Runner]:
    """Return a runner per network of a predictive target; arguments as for `build_systems`."""
    from plait.networks.building import build_systems
    from plait.networks.torch_runners import SystemRunner

    return [SystemRunner(one) for one in build_systems(codecs, target, config, tensors, evidence)]


def open_space(
    codecs: Mapping[str, Codec],
    config: SystemConfig,
    input_columns: Mapping[str, Sequence[str]],
    tensors: Tensors,
) -> dict[str | None, Runner]:
    """Return a runner per input column of a shared space, and under None one of all of them."""
    from plait.networks.building import build_space
    from plait.networks.torch_runners import SpaceRunner

    space = build_space(codecs, config, input_columns, tensors)
    return {one: SpaceRunner(space, one) for one in (None, *input_columns)}


def open_drawer(
    codecs: Mapping[str, Codec],
    name: str,
    target: TargetCodec,
    config: SystemConfig,
    tensors: Tensors,
) -> Drawer:
    """Return what draws values of a generated target."""
    from plait.networks.building import build_heads
    from plait.networks.torch_runners import HeadsRunner

    return HeadsRunner(build_heads(codecs, {name: target}, config, tensors), name)
