"""Rebuilds what a checkpoint wants to see from what a bundle tells of it."""

from __future__ import annotations

from typing import Any

from plait.backbones.preprocessing import ImagePreparation, Preparation, TextPreparation
from plait.backbones.series import SeriesPreparation
from plait.backbones.sound import AudioPreparation
from plait.backbones.video import VideoPreparation
from plait.errors import BundleError

KINDS = (
    TextPreparation,
    ImagePreparation,
    AudioPreparation,
    SeriesPreparation,
    VideoPreparation,
)
"""All that there are; each tells its modality, by which it is known again."""


def preparation_from_dict(data: dict[str, Any]) -> Preparation:
    """Rebuild a preparation. Raises `BundleError` on an unknown modality or field."""
    kinds: dict[str, Any] = {kind.modality: kind for kind in KINDS}
    fields = {name: _from_json(value) for name, value in data.items()}
    kind = kinds.get(str(fields.pop("modality", "")))
    try:
        found: Preparation = kind(**fields)  # type: ignore[misc]
    except TypeError as error:
        raise BundleError(
            "the preprocessing of a backbone cannot be read",
            expected="settings of " + ", ".join(sorted(kinds)),
            received=str(error) if kind else data.get("modality"),
        ) from None
    return found


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return preparation_from_dict(value)
    return tuple(value) if isinstance(value, list) else value
