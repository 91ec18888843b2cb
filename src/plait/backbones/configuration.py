"""Reads a checkpoint's config.json with the defaults of its architecture, or says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plait.backbones import efficientnet_folder
from plait.backbones.architectures import KNOWN, PAIRS, modalities_of
from plait.backbones.folder import CheckpointError, read_settings
from plait.errors import ExtraError


def whole_config(root: Path) -> Any:
    """Return the checkpoint's configuration, with the defaults of its architecture filled in.

    Raises:
        CheckpointError: There is none, or transformers knows no such architecture.
        ExtraError: transformers is not installed.
    """
    said = read_settings(root / "config.json", missing="a checkpoint of transformers")
    try:
        from transformers import CONFIG_MAPPING
    except ModuleNotFoundError:
        raise ExtraError("hf", "a pretrained backbone") from None
    kind = str(said.get("model_type"))
    if kind not in CONFIG_MAPPING:
        raise CheckpointError(
            "the checkpoint's architecture is not known",
            expected="model_type in config.json, one of " + names(*KNOWN),
            received=said.get("model_type"),
            path=root,
        )
    try:
        return CONFIG_MAPPING[kind].from_dict(said)
    except Exception as error:
        raise CheckpointError(
            "the checkpoint's config.json does not fit its architecture",
            received=f"{type(error).__name__}: {error}",
            path=root,
        ) from None


def tower_config(config: Any, modality: str) -> Any:
    """Return the part of a configuration that a modality's tower has: of pairs, one of the two."""
    if config.model_type in PAIRS and modality in ("text", "image", "video"):
        return config.text_config if modality == "text" else config.vision_config
    return config


def names(*modalities: str) -> str:
    """Return the architectures of some modalities, for a person."""
    found = {name for modality in modalities for name in KNOWN[modality]}
    pairs = PAIRS if {"text", "image", "video"} & set(modalities) else ()
    lite = (efficientnet_folder.NAME,) if {"image", "video"} & set(modalities) else ()
    return ", ".join(sorted({*found, *pairs, *lite}))


def unknown(architecture: str, modality: str, folder: Path) -> CheckpointError:
    """Return the error of an architecture that cannot encode a modality."""
    fits = modalities_of(architecture)
    return CheckpointError(
        f"the checkpoint's architecture cannot encode {modality} columns",
        expected="one of " + names(modality),
        received=architecture + (f", which is for {fits[0]}" if fits else ""),
        path=folder,
    )
