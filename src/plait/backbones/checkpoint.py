"""Opens a pretrained checkpoint: what it is, how it wants its input, and which content it has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plait.backbones import efficientnet_folder, settings
from plait.backbones.architectures import KNOWN
from plait.backbones.configuration import tower_config, unknown, whole_config
from plait.backbones.folder import CheckpointError, find_folder, hash_files, weight_files
from plait.backbones.licence import licence_of_folder
from plait.backbones.preprocessing import ImagePreparation, Preparation
from plait.backbones.series_folder import read_series_settings
from plait.backbones.version import VERSION
from plait.backbones.video import VideoPreparation
from plait.errors import UsageError

if TYPE_CHECKING:
    from plait.backbones.network import Backbone


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """An opened checkpoint; its network is loaded only by `network`.

    Attributes:
        source: What the user named: a folder or a hub id.
        folder: Where its weights lie.
        modality: What it is opened for: one of `KNOWN`.
        architecture: As in `KNOWN`, or ``efficientnet-lite0``.
        model: Name of the class of transformers ("" for networks of plait's own).
        preparation: All of its preprocessing.
        dim: Length of its vectors.
        key: 40 hex digits of configuration, weights and preprocessing.
        licence: As its card tells it; "" where it does not.
        config: Of transformers, or of Fracast; None for ``efficientnet-lite0``.
    """

    source: str
    folder: Path
    modality: str
    architecture: str
    model: str
    preparation: Preparation
    dim: int
    key: str
    licence: str = ""
    config: Any = field(default=None, repr=False, compare=False)

    def network(self, how: str = "frozen", *, num_local: int | None = 8) -> Backbone:
        """Load the weights; see `plait.backbones.network.Backbone` for the arguments."""
        from plait.backbones.network import Backbone

        return Backbone.load(self, how=how, num_local=num_local)

    def require(self, key: str) -> None:
        """Raise `CheckpointError` unless the content is the one that `key` was taken from."""
        if key != self.key:
            raise CheckpointError(
                "the checkpoint is not the one that was used before",
                expected=f"content {key}",
                received=f"content {self.key}",
                path=self.folder,
                hint="give the same checkpoint, its preprocessing files unchanged, or fit anew",
            )


def open_checkpoint(where: str | Path, *, modality: str, allow_network: bool = False) -> Checkpoint:
    """Open a checkpoint folder, or with permission one of the hub.

    A folder holds config.json, model.safetensors, and tokenizer.json (text) or
    preprocessor_config.json (pictures, sounds); or it holds ``efficientnet-lite0*.pth``.
    Code that comes with it is never run. What series are to look like depends on the column: see
    `plait.backbones.fitted.fitted_to`.

    Args:
        where: Folder, or hub id.
        modality: ``text``, ``image``, ``audio``, ``series``, or ``video``, for which a picture
            checkpoint sees some frames.
        allow_network: Whether a hub id may be fetched.

    Raises:
        UsageError: Another modality; no such folder; a hub id without permission.
        CheckpointError: A file is missing or damaged, its parts do not fit together, its
            architecture is not known for the modality, or its weights are an unsafe pickle.
        ExtraError: transformers is not installed.
    """
    if modality not in KNOWN:
        raise UsageError(
            "there are no pretrained backbones for this modality",
            expected=", ".join(KNOWN),
            received=modality,
        )
    folder = find_folder(where, allow_network=allow_network)
    if efficientnet_folder.is_one(folder):
        return _efficientnet(str(where), folder, modality)
    if modality == "series":
        return _series(str(where), folder)
    root = settings.text_root(folder) if modality == "text" else folder
    config = whole_config(root)
    whole, config = config, tower_config(config, modality)
    architecture = config.model_type
    if architecture not in KNOWN[modality]:
        raise unknown(architecture, modality, folder)
    preparation = _preparation(folder, config, modality)
    projected = whole.model_type == "clip" or (whole.architectures or [""])[0].endswith(
        "WithProjection"
    )
    return Checkpoint(
        source=str(where),
        folder=root,
        modality=modality,
        architecture=architecture,
        model=KNOWN[modality][architecture] + ("WithProjection" if projected else ""),
        preparation=preparation,
        dim=_dim(config, projected),
        key=_key([root / "config.json", *weight_files(root)], preparation),
        licence=licence_of_folder(folder),
        config=config,
    )


def _efficientnet(source: str, folder: Path, modality: str) -> Checkpoint:
    if modality not in ("image", "video"):
        raise unknown(efficientnet_folder.NAME, modality, folder)
    preparation = _of_frames(efficientnet_folder.preparation(folder), modality)
    return Checkpoint(
        source=source,
        folder=folder,
        modality=modality,
        architecture=efficientnet_folder.NAME,
        model="",
        preparation=preparation,
        dim=efficientnet_folder.DIM,
        key=_key([efficientnet_folder.weights(folder)], preparation),
        licence=licence_of_folder(folder),
    )


def _series(source: str, folder: Path) -> Checkpoint:
    found = read_series_settings(folder)
    return Checkpoint(
        source=source,
        folder=folder,
        modality="series",
        architecture=found.architecture,
        model=KNOWN["series"][found.architecture],
        preparation=found.preparation,
        dim=found.preparation.dim,
        key=_key([folder / "config.json", *weight_files(folder)], found.preparation),
        licence=licence_of_folder(folder),
        config=found.config,
    )


def read_config(root: Path, modality: str) -> Any:
    """Return the configuration of a checkpoint's tower for a modality. Raises `CheckpointError`."""
    if modality == "series":
        return read_series_settings(root).config
    return tower_config(whole_config(root), modality)


def _preparation(folder: Path, config: Any, modality: str) -> Preparation:
    if modality == "text":
        return settings.text_preparation(folder, config)
    if modality == "audio":
        return settings.audio_preparation(folder, config)
    said = settings.processor_settings(folder, "image_processor")
    preparation = settings.image_preparation(folder, said)
    _check_size(preparation, config, folder)
    return _of_frames(preparation, modality)


def _of_frames(picture: ImagePreparation, modality: str) -> Preparation:
    return VideoPreparation(picture=picture) if modality == "video" else picture


def _check_size(preparation: ImagePreparation, config: Any, folder: Path) -> None:
    """Raise unless pictures are of the network's size; DINOv2 takes any multiple of its patch."""
    size, patch = _two(config.image_size), _two(config.patch_size)
    found = preparation.height_px, preparation.width_px
    whole = all(f % p == 0 for f, p in zip(found, patch, strict=True))
    if found != size and not (config.model_type == "dinov2" and whole):
        raise CheckpointError(
            "the pictures' size does not fit the network",
            expected=f"{size[0]} x {size[1]} pixels, as config.json says",
            received=f"{found[0]} x {found[1]} pixels in preprocessor_config.json",
            path=folder,
        )


def _two(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def _dim(config: Any, projected: bool) -> int:
    if config.model_type == "siglip_text_model":
        return int(config.projection_size)
    return int(config.projection_dim if projected else config.hidden_size)


def _key(files: list[Path], preparation: Preparation) -> str:
    text = f"{VERSION}|{hash_files(files)}|{preparation.hash}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]
