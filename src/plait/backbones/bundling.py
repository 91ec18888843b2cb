"""Packs an opened checkpoint into a bundle's files, and opens it again from there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.backbones import efficientnet_folder
from plait.backbones.checkpoint import Checkpoint, read_config
from plait.backbones.folder import load_pickle, weight_files
from plait.backbones.preprocessing import preparation_to_dict
from plait.backbones.saved_preparation import preparation_from_dict
from plait.bundle import to_json

WEIGHTS = "model.safetensors"
LITE_WEIGHTS = f"{efficientnet_folder.NAME}.safetensors"


def checkpoint_facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a bundle tells of a checkpoint: all but its weights and configuration."""
    return {
        "source": Path(checkpoint.source).name,
        "modality": checkpoint.modality,
        "architecture": checkpoint.architecture,
        "model": checkpoint.model,
        "dim": checkpoint.dim,
        "key": checkpoint.key,
        "licence": checkpoint.licence,
        "preparation": preparation_to_dict(checkpoint.preparation),
    }


def checkpoint_files(checkpoint: Checkpoint) -> dict[str, bytes]:
    """Return the weights and configuration as files; safe pickles become safetensors."""
    lite = checkpoint.architecture == efficientnet_folder.NAME
    if lite:
        weights = [efficientnet_folder.weights(checkpoint.folder)]
        config = to_json({"model_type": efficientnet_folder.NAME})
    else:
        weights = weight_files(checkpoint.folder)
        config = (checkpoint.folder / "config.json").read_bytes()
    if all(file.suffix == ".safetensors" for file in weights):
        found = {file.name: file.read_bytes() for file in weights}
    else:
        found = {LITE_WEIGHTS if lite else WEIGHTS: _converted(weights)}
    return {"config.json": config, **found}


def checkpoint_from(folder: Path, facts: Mapping[str, Any]) -> Checkpoint:
    """Open what `checkpoint_files` and `checkpoint_facts` gave.

    Args:
        folder: Where the files are; their hashes were checked by the bundle.
        facts: As given.
    """
    lite = facts["architecture"] == efficientnet_folder.NAME
    return Checkpoint(
        source=str(facts["source"]),
        folder=folder,
        modality=str(facts["modality"]),
        architecture=str(facts["architecture"]),
        model=str(facts["model"]),
        preparation=preparation_from_dict(dict(facts["preparation"])),
        dim=int(facts["dim"]),
        key=str(facts["key"]),
        licence=str(facts.get("licence", "")),
        config=None if lite else read_config(folder, str(facts["modality"])),
    )


def _converted(files: list[Path]) -> bytes:
    from safetensors.torch import save

    tensors = {name: tensor for file in files for name, tensor in load_pickle(file).items()}
    return save({name: tensor.contiguous().clone() for name, tensor in tensors.items()})
