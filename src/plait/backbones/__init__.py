"""Pretrained backbones: checkpoints that give vectors of texts, pictures, sounds, series, films."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait.backbones.checkpoint import Checkpoint as Checkpoint
    from plait.backbones.checkpoint import open_checkpoint as open_checkpoint
    from plait.backbones.fitted import fitted_to as fitted_to
    from plait.backbones.folder import CheckpointError as CheckpointError
    from plait.backbones.frozen import encode_column as encode_column
    from plait.backbones.frozen import encode_rows as encode_rows
    from plait.backbones.preprocessing import ImagePreparation as ImagePreparation
    from plait.backbones.preprocessing import Preparation as Preparation
    from plait.backbones.preprocessing import TextPreparation as TextPreparation
    from plait.backbones.preprocessing import preparation_to_dict as preparation_to_dict
    from plait.backbones.saved_preparation import preparation_from_dict as preparation_from_dict
    from plait.backbones.series import SeriesPreparation as SeriesPreparation
    from plait.backbones.sound import AudioPreparation as AudioPreparation
    from plait.backbones.video import VideoPreparation as VideoPreparation

_HOMES = {
    "Checkpoint": "checkpoint",
    "open_checkpoint": "checkpoint",
    "CheckpointError": "folder",
    "fitted_to": "fitted",
    "encode_column": "frozen",
    "encode_rows": "frozen",
    "ImagePreparation": "preprocessing",
    "Preparation": "preprocessing",
    "TextPreparation": "preprocessing",
    "preparation_to_dict": "preprocessing",
    "preparation_from_dict": "saved_preparation",
    "AudioPreparation": "sound",
    "SeriesPreparation": "series",
    "VideoPreparation": "video",
}
"""Public name -> its module, loaded when the name is used: most bundles hold no encoder."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'plait.backbones' has no attribute '{name}'")
    return getattr(import_module(f"plait.backbones.{_HOMES[name]}"), name)
