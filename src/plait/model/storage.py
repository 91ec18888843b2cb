"""Writes and reads the files of an ensemble: weights, experts, feature scales; all plain data."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

from plait.baselines.experts import load_expert
from plait.baselines.features import FeatureMap
from plait.bundle import Bundle, to_json
from plait.modalities import Codec, TargetCodec
from plait.model.config import SystemConfig
from plait.model.ensemble import DEEP, Ensemble

if TYPE_CHECKING:
    from plait.model.system import System

WEIGHTS = "model.safetensors"
EXPERTS = "experts"


def tensors_of(system: System) -> dict[str, np.ndarray]:
    """Return a network's weights as float32 NumPy arrays."""
    return {
        name: tensor.detach().cpu().numpy().copy() for name, tensor in system.state_dict().items()
    }


def ensemble_files(ensemble: Ensemble, target: str, inputs: tuple[str, ...]) -> dict[str, bytes]:
    """Return the bundle files of an ensemble: name -> content."""
    about = {
        "target": target,
        "inputs": list(inputs),
        "task": ensemble.target.task,
        "mix": dict(ensemble.weights),
        "system": None if ensemble.config is None else dataclasses.asdict(ensemble.config),
    }
    files = {"model.json": to_json(about)}
    if ensemble.config is not None:
        files[WEIGHTS] = save({k: np.ascontiguousarray(v) for k, v in ensemble.tensors.items()})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if ensemble.features is not None:
            ensemble.features.save(folder / EXPERTS / "features")
        for expert, fitted in ensemble.experts.items():
            if expert in ensemble.weights:
                fitted.save(folder / EXPERTS / expert)
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                files[file.relative_to(folder).as_posix()] = file.read_bytes()
    return files


def load_ensemble(
    bundle: Bundle, about: Mapping[str, Any], codecs: Mapping[str, Codec], target: TargetCodec
) -> Ensemble:
    """Rebuild what `ensemble_files` wrote, from a bundle whose hashes were checked."""
    weights = {str(name): float(weight) for name, weight in about["mix"].items()}
    simple = [name for name in weights if name != DEEP]
    folder = bundle.path / EXPERTS
    inputs = {name: codecs[name] for name in about["inputs"]}
    config = about.get("system")
    return Ensemble(
        codecs=inputs,
        target=target,
        weights=weights,
        experts={name: load_expert(name, folder / name) for name in simple},
        features=FeatureMap.load(folder / "features", inputs) if simple else None,
        config=None if config is None else SystemConfig(**config),
        tensors=bundle.read_arrays(WEIGHTS) if DEEP in weights else {},
    )
