"""Trained networks as they are saved: plain arrays, what they were built by, what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from plait.baselines.evidence import Evidence
from plait.display import brief
from plait.modalities import Codec, TargetCodec
from plait.networks.config import SystemConfig

if TYPE_CHECKING:
    from plait.whole_rows.columns import Variable

Tensors = Mapping[str, np.ndarray]
"""Name -> weights."""


@brief
@dataclass(frozen=True, kw_only=True)
class SavedSystems:
    """Networks of a predictive target, all of one shape.

    Attributes:
        codecs, target, config: As for `plait.networks.system.System`.
        tensors: Number of the network, a dot, name -> weights.
        evidence: What each network is told; empty where they are told nothing.
    """

    codecs: Mapping[str, Codec]
    target: Codec
    config: SystemConfig
    tensors: Tensors
    evidence: Sequence[Evidence] = ()


@brief
@dataclass(frozen=True, kw_only=True)
class SavedSpace:
    """The network of a shared space.

    Attributes:
        codecs, config, input_columns: As for `plait.networks.space.Space`.
        tensors: Its weights.
    """

    codecs: Mapping[str, Codec]
    config: SystemConfig
    input_columns: Mapping[str, Sequence[str]]
    tensors: Tensors


class SavedLanguage(Protocol):
    """A language model on disk, such as `plait.backbones.language.LanguageCheckpoint`."""

    def load(self) -> Any:
        """Return it as a `plait.nn.language_model.LanguageModel`."""


@brief
@dataclass(frozen=True, kw_only=True)
class SavedHeads:
    """A network of one or more generated targets.

    Attributes:
        codecs, targets, config: As for `plait.networks.heads.Heads`.
        tensors: Its weights.
        started: Whether it begins at what a simple model says.
        languages: Target column -> the language model that writes it, where one does.
    """

    codecs: Mapping[str, Codec]
    targets: Mapping[str, TargetCodec]
    config: SystemConfig
    tensors: Tensors
    started: bool = False
    languages: Mapping[str, SavedLanguage] = field(default_factory=dict)


@brief
@dataclass(frozen=True, kw_only=True)
class SavedRows:
    """A network of whole rows.

    Attributes:
        variables: Of a row.
        sizes: ``width``, ``depth`` and ``dim`` of `plait.networks.masked_rows.MaskedRows`.
        tensors: Its weights.
    """

    variables: Sequence[Variable]
    sizes: Mapping[str, int]
    tensors: Tensors


def tensors_of(network: Any) -> dict[str, np.ndarray]:
    """Return a network's weights as float32 NumPy arrays."""
    return {
        name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()
    }


def tensors_of_all(networks: Sequence[Any]) -> dict[str, np.ndarray]:
    """Return the weights of several networks, named as in `SavedSystems`."""
    return {
        f"{number}.{name}": array
        for number, network in enumerate(networks)
        for name, array in tensors_of(network).items()
    }


def evidence_of(networks: Sequence[Any]) -> tuple[Evidence, ...]:
    """Return what several networks are told, or nothing where they are told nothing."""
    return tuple(network.evidence for network in networks if network.evidence is not None)
