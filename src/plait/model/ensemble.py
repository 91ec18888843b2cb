"""The shipped mix: a weighted mean of the outputs of the network and of simple experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plait.baselines.evidence import Evidence
from plait.baselines.experts import Expert
from plait.baselines.features import FeatureMap
from plait.baselines.stack import mix_outputs
from plait.data.prepared import Prepared
from plait.display import brief
from plait.modalities import Codec, TargetCodec
from plait.model.calibration import Calibration
from plait.model.config import SystemConfig
from plait.model.decision import Decision

DEEP = "deep"
"""Name of the network among the experts."""


@brief
@dataclass
class Ensemble:
    """What turns prepared rows into outputs.

    Attributes:
        codecs: Every column that the inputs are read as -> fitted codec.
        target: Fitted codec of the target.
        weights: Expert name -> its weight in the mix; they sum to 1.
        experts: Fitted simple experts that the mix needs.
        features: Makes the experts' features; None when the mix is the network alone.
        config: Sizes of the network; None when the mix has none.
        tensors: Weights of the network as NumPy arrays, float32 by name.
        evidence: What the network is told by simple models; None where it is told nothing.
        decision: When a row counts as one of two classes; None takes the more probable class.
        calibration: Corrects the mix for the columns that a row has; None where it is not known.
    """

    codecs: Mapping[str, Codec]
    target: TargetCodec
    weights: Mapping[str, float]
    experts: Mapping[str, Expert] = field(default_factory=dict)
    features: FeatureMap | None = None
    config: SystemConfig | None = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    evidence: Evidence | None = None
    decision: Decision | None = None
    calibration: Calibration | None = None
    _system: object | None = None

    def outputs(self, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return calibrated canonical outputs of the mix, float32 ``[row, output]``."""
        found = {name: self.outputs_of(name, prepared, rows) for name in self.weights}
        mixed = mix_outputs(found, self.weights)
        return mixed if self.calibration is None else self.calibration.apply(mixed, prepared, rows)

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Return outputs as columns for people, by the decision where there is one."""
        if self.decision is None:
            return self.target.answer(outputs)
        return self.decision.answer(self.target, outputs)

    def outputs_of(self, name: str, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return the outputs of one expert, or of the network under the name ``deep``."""
        if name != DEEP:
            if self.features is None:
                raise KeyError(f"no features for expert {name}")
            return self.experts[name].outputs(self.features.views(prepared, rows))
        from plait.model.infer import system_outputs

        return system_outputs(self.system, prepared, rows)

    @property
    def system(self) -> Any:
        """The network (imports torch). Raises `KeyError` when the mix has none."""
        if self._system is None:
            self._system = self._build()
        return self._system

    def _build(self) -> object:
        import torch

        from plait.model.system import System

        if self.config is None:
            raise KeyError("this model ships no network")
        system = System(self.codecs, self.target, self.config, self.evidence)
        system.load_state_dict({k: torch.from_numpy(v) for k, v in self.tensors.items()})
        return system.eval()
