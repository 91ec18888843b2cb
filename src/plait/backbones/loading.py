"""Loads the weights of a checkpoint into the tower of its architecture."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from plait.backbones.architectures import CHRONOS_BOLT, FRACAST
from plait.backbones.efficientnet import fold_norms, load_efficientnet
from plait.backbones.efficientnet_folder import NAME as EFFICIENTNET
from plait.backbones.efficientnet_folder import weights as efficientnet_weights
from plait.backbones.folder import CheckpointError, load_pickle, load_tensors, weight_files
from plait.backbones.fracast import Fracast
from plait.backbones.preprocessing import ImagePreparation, TextPreparation
from plait.backbones.series import SeriesPreparation
from plait.backbones.series_readers import READERS, PatchEmbedding
from plait.backbones.series_tower import SeriesTower
from plait.backbones.towers import (
    ConvolutionTower,
    FrameTower,
    ImageTower,
    SpectrogramTower,
    TextTower,
    WaveformTower,
)
from plait.backbones.video import VideoPreparation

if TYPE_CHECKING:
    from plait.backbones.checkpoint import Checkpoint

POOLERS = frozenset({"bert", "roberta", "xlm-roberta", "mpnet", "vit"})
"""Architectures whose pooler was trained for another task and is left out."""

UNUSED = frozenset({"masked_spec_embed"})
"""Weights that may be missing, for they serve pre-training only."""


def load_tower(checkpoint: Checkpoint, *, frozen: bool) -> nn.Module:
    """Load the weights of a checkpoint; what is `frozen` may be rewritten to run faster.

    Raises:
        CheckpointError: They do not fit config.json, or some are missing.
    """
    preparation: Any = checkpoint.preparation
    if isinstance(preparation, VideoPreparation):
        return FrameTower(_picture_tower(checkpoint, preparation.picture, frozen))
    if isinstance(preparation, ImagePreparation):
        return _picture_tower(checkpoint, preparation, frozen)
    if isinstance(preparation, SeriesPreparation):
        reader = READERS[checkpoint.architecture]
        return SeriesTower(_series_model(checkpoint), reader, preparation)
    model = _load(checkpoint)
    if isinstance(preparation, TextPreparation):
        return TextTower(model, preparation)
    if checkpoint.architecture == "whisper":
        encoder: Any = model
        return SpectrogramTower(encoder.encoder, preparation)
    return WaveformTower(model, checkpoint.config)


def _picture_tower(
    checkpoint: Checkpoint, preparation: ImagePreparation, frozen: bool
) -> ImageTower:
    if checkpoint.architecture == EFFICIENTNET:
        network = load_efficientnet(efficientnet_weights(checkpoint.folder))
        if frozen:
            fold_norms(network)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return ConvolutionTower(network, preparation, 32)
    patch = checkpoint.config.patch_size
    return ImageTower(_load(checkpoint), preparation, patch if isinstance(patch, int) else patch[0])


def _series_model(checkpoint: Checkpoint) -> nn.Module:
    """Return the model; parts that forecast are left out."""
    if checkpoint.architecture == FRACAST:
        network = Fracast(checkpoint.config)
        _fill(network, "core.", checkpoint)
        return network.eval()
    model = _load(checkpoint)
    if checkpoint.architecture == CHRONOS_BOLT:
        name = "input_patch_embedding"
        model.add_module(name, PatchEmbedding(checkpoint.config))
        _fill(model.get_submodule(name), f"{name}.", checkpoint, within=f"{name}.")
        model.eval()
    return model


def _fill(network: nn.Module, start: str, checkpoint: Checkpoint, *, within: str = "") -> None:
    """Load the weights whose names begin with `start`; of these, `within` is left out."""
    found = load_tensors(weight_files(checkpoint.folder), start)
    state = {name.removeprefix(within): tensor for name, tensor in found.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise _broken(str(error), checkpoint) from None


def _load(checkpoint: Checkpoint) -> nn.Module:
    import transformers

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    if checkpoint.architecture in POOLERS:
        options["add_pooling_layer"] = False
    if checkpoint.modality == "audio":
        # Both would make a fine-tuned network see other sounds than the ones in the table.
        checkpoint.config.apply_spec_augment, checkpoint.config.layerdrop = False, 0.0
    files = weight_files(checkpoint.folder)
    source: Path | None = checkpoint.folder
    if files[0].suffix != ".safetensors":
        # Pickles are read here, where only tensors can come of them.
        options["state_dict"] = {k: v for file in files for k, v in load_pickle(file).items()}
        source = None
    try:
        with quiet():
            model, info = getattr(transformers, checkpoint.model).from_pretrained(
                source,
                config=checkpoint.config,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                **options,
            )
    except Exception as error:
        raise _broken(str(error), checkpoint) from None
    missing = sorted(set(info["missing_keys"]) - UNUSED)
    if missing:
        raise _broken("no " + ", ".join(missing), checkpoint)
    network: nn.Module = model
    return network


def _broken(received: str, checkpoint: Checkpoint) -> CheckpointError:
    return CheckpointError(
        "the checkpoint's weights do not fit its config.json",
        expected=f"weights of {checkpoint.model or checkpoint.architecture}, in the sizes that "
        "config.json says",
        received=received,
        path=checkpoint.folder,
        hint="fetch the checkpoint again, config.json and weights of the same version",
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from printing bars and tables of weights."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
