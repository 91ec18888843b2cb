"""Keeps a fine-tuned backbone as a checkpoint of its own, in the cache, named by its content."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

from plait.backbones import efficientnet_folder
from plait.backbones.bundling import LITE_WEIGHTS, WEIGHTS
from plait.backbones.checkpoint import Checkpoint, read_config
from plait.backbones.folder import load_tensors, weight_files
from plait.backbones.version import VERSION
from plait.bundle import to_json
from plait.data.cache import cache_folder, mark_used, new_entry

if TYPE_CHECKING:
    from torch import Tensor

    from plait.backbones.network import Backbone

KIND = "tuned"
"""Folder of the cache."""


def keep_tuned(checkpoint: Checkpoint, backbone: Backbone, how: str) -> Checkpoint:
    """Write what a backbone has learned, and return it as a checkpoint that can stay frozen.

    Args:
        checkpoint: What the backbone was loaded from.
        backbone: On the CPU; its adapters are merged into its weights here.
        how: ``lora`` or ``full``; it is added to the checkpoint's name.

    Raises `StorageError` when the cache cannot be written.
    """
    from safetensors.torch import save

    backbone.merge()
    lite = checkpoint.architecture == efficientnet_folder.NAME
    weights = {n: v.detach().contiguous().clone() for n, v in _weights(checkpoint, backbone)}
    config = (
        to_json({"model_type": efficientnet_folder.NAME})
        if lite
        else (checkpoint.folder / "config.json").read_bytes()
    )
    files = {"config.json": config, LITE_WEIGHTS if lite else WEIGHTS: save(weights)}
    digest = hashlib.sha256(f"{checkpoint.architecture}|{checkpoint.model}|".encode())
    for name, content in files.items():
        digest.update(f"{name}|{hashlib.sha256(content).hexdigest()}|".encode())
    name = digest.hexdigest()[:40]
    folder = cache_folder(KIND)
    if not (folder / name).is_dir():
        with new_entry(folder, name) as entry:
            for file, content in files.items():
                (entry / file).write_bytes(content)
    return _opened(checkpoint, how, name)


def open_tuned(checkpoint: Checkpoint, how: str, name: str) -> Checkpoint | None:
    """Return what `keep_tuned` kept; None when it is no longer in the cache.

    Args:
        checkpoint, how: As they were.
        name: Name of the result's folder.
    """
    return _opened(checkpoint, how, name) if (cache_folder(KIND) / name).is_dir() else None


def _opened(checkpoint: Checkpoint, how: str, name: str) -> Checkpoint:
    folder = cache_folder(KIND) / name
    mark_used(folder)
    text = f"{VERSION}|{name}|{checkpoint.preparation.hash}"
    return dataclasses.replace(
        checkpoint,
        source=f"{checkpoint.source}-{how}",
        folder=folder,
        key=hashlib.sha256(text.encode()).hexdigest()[:40],
        config=None if checkpoint.config is None else read_config(folder, checkpoint.modality),
    )


def _weights(checkpoint: Checkpoint, backbone: Backbone) -> list[tuple[str, Tensor]]:
    """Return the weights under the names that the checkpoint's class loads them by."""
    tower: Any = getattr(backbone.tower, "picture", backbone.tower)
    found = list(tower.model.state_dict().items())
    if checkpoint.architecture != "whisper":
        return found
    # Only Whisper's encoder is at work, but its class loads the decoder too.
    saved = load_tensors(weight_files(checkpoint.folder))
    rest = [(n.removeprefix("model."), tensor) for n, tensor in saved.items()]
    decoder = [(name, tensor) for name, tensor in rest if name.startswith("decoder.")]
    return [*((f"encoder.{name}", tensor) for name, tensor in found), *decoder]
