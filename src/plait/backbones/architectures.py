"""Which architectures are encoders of what, by the settings of a checkpoint alone; torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PICTURES = {
    "vit": "ViTModel",
    "dinov2": "Dinov2Model",
    "clip_vision_model": "CLIPVisionModel",
    "siglip_vision_model": "SiglipVisionModel",
}

CHRONOS, CHRONOS_BOLT, FRACAST = "chronos", "chronos-bolt", "fracast"

KNOWN = {
    "text": {
        "bert": "BertModel",
        "roberta": "RobertaModel",
        "xlm-roberta": "XLMRobertaModel",
        "distilbert": "DistilBertModel",
        "mpnet": "MPNetModel",
        "clip_text_model": "CLIPTextModel",
        "siglip_text_model": "SiglipTextModel",
    },
    "image": PICTURES,
    "audio": {
        "whisper": "WhisperModel",
        "wav2vec2": "Wav2Vec2Model",
        "hubert": "HubertModel",
    },
    "series": {
        "patchtst": "PatchTSTModel",
        "patchtsmixer": "PatchTSMixerModel",
        "timesfm": "TimesFmModel",
        "timesfm2_5": "TimesFm2_5Model",
        CHRONOS: "T5EncoderModel",
        CHRONOS_BOLT: "T5EncoderModel",
        FRACAST: "",
    },
    "video": PICTURES,
}
"""Modality -> architecture (see `architecture_of`) -> class of transformers, "" for plait's own.

Films are seen by a picture checkpoint, frame by frame.
"""

PAIRS = ("clip", "siglip")
"""Architectures of a text and a picture tower: each column takes the one that fits it."""

OWN = frozenset({FRACAST})
"""Architectures whose network is plait's own."""

TABICL, TABLE = "tabicl", "table"
"""An architecture that answers whole rows of numbers, and what it is of, in place of a modality."""

CHRONOS_2 = "Chronos2Model"
"""Of the settings' ``architectures``: a Chronos of another network, which calls itself T5 too."""


def architecture_of(said: Mapping[str, Any]) -> str:
    """Return the architecture that a ``config.json`` tells; "" where it tells none.

    That is its ``model_type``, but for Chronos, which says ``t5``, and for Fracast.
    """
    kind = said.get("model_type")
    chronos, model = said.get("chronos_config"), said.get("model")
    if kind == "t5" and isinstance(chronos, Mapping):
        if CHRONOS_2 in (said.get("architectures") or ()):
            return "chronos-2"
        return CHRONOS_BOLT if "input_patch_size" in chronos else CHRONOS
    if kind is None and isinstance(model, Mapping) and model.get("family") == FRACAST:
        return FRACAST
    return kind if isinstance(kind, str) else ""


def modalities_of(architecture: str) -> tuple[str, ...]:
    """Return what an architecture encodes, or that it is of whole tables; empty where unknown."""
    if architecture == TABICL:
        return (TABLE,)
    if architecture in PAIRS:
        return ("text", "image", "video")
    return tuple(modality for modality, known in KNOWN.items() if architecture in known)
