"""Describes what may be an encoder by its settings: what it encodes, and whether plait loads it."""

from __future__ import annotations

import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from plait.backbones.architectures import (
    OWN,
    PAIRS,
    TABICL,
    TABLE,
    architecture_of,
    modalities_of,
)
from plait.backbones.efficientnet_folder import ENDINGS
from plait.backbones.efficientnet_folder import NAME as EFFICIENTNET
from plait.backbones.folder import PICKLES, WHOLE
from plait.backbones.licence import licence_of_card
from plait.backbones.series_folder import refusal
from plait.encoders.files import Files, read_settings
from plait.encoders.found import FoundEncoder
from plait.installation import install_command

CARD, CONFIG = "README.md", "config.json"
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
NEEDED = {
    "text": ("tokenizer.json",),
    **dict.fromkeys(("image", "audio", "video"), PROCESSORS),
    "series": (CONFIG,),
    TABLE: (CONFIG,),
}
"""Modality -> files of which a checkpoint of transformers needs one."""

FOR_VECTORS = frozenset(
    {
        *PAIRS,
        "clip_text_model",
        "clip_vision_model",
        "siglip_text_model",
        "siglip_vision_model",
        "dinov2",
        "whisper",
        "wav2vec2",
        "hubert",
    }
)
"""Architectures trained to give vectors of whole values, or to hear."""


def describe(
    files: Files, *, name: str, place: str, path: Path, inner: str = "", licence: str = ""
) -> FoundEncoder | None:
    """Return what the files are; None where they are no encoder at all.

    Args:
        files: Of the folder or archive.
        name, place, path, inner: As of `FoundEncoder`.
        licence: What the package that holds it tells; its own card wins.
    """
    about: dict[str, Any] = {"name": name, "place": place, "path": path, "inner": inner}
    about["licence"] = licence_of_card(files.text(CARD)) or licence
    config, broken = read_settings(files, CONFIG)
    if CONFIG not in files.sizes:
        lite = [one for one in files.sizes if _is_lite(one)]
        return _lite(files, lite, about) if lite else None
    if CONFIG in files.sizes and not broken and not isinstance(config, dict):
        broken = f"{CONFIG} holds no settings"
    if broken:
        return FoundEncoder(**about, why_not=broken)
    if config.get("model_type") == EFFICIENTNET:
        return _lite(files, [one for one in files.sizes if _is_lite(one)], about)
    return _checkpoint(files, config, about)


def _checkpoint(files: Files, config: dict[str, Any], about: dict[str, Any]) -> FoundEncoder | None:
    """Describe a checkpoint of transformers; None for other software that has a config.json."""
    kind = architecture_of(config)
    modules, _ = read_settings(files, "modules.json")
    weights, pickled = _weights(files)
    if not kind:
        return FoundEncoder(**about, why_not=f"{CONFIG} names no model_type") if weights else None
    modalities = modalities_of(kind)
    about |= {
        "architecture": kind,
        "modalities": tuple(m for m in modalities if _has_needed(files, m)),
        "weights": weights,
        "num_bytes": sum(files.sizes[one] for one in weights),
        "pair": kind in PAIRS,
        "made_for_vectors": isinstance(modules, list) or kind in FOR_VECTORS,
    }
    why_not = _why_not(files, modalities, pickled, about) or refusal(config)
    return FoundEncoder(**about, why_not=why_not or _needing(kind))


def _why_not(
    files: Files, modalities: tuple[str, ...], pickled: bool, about: dict[str, Any]
) -> str:
    """Return the first thing in the files that keeps plait from loading them; "" for nothing."""
    if not modalities:
        return f"its architecture '{about['architecture']}' is none that plait knows as an encoder"
    if files.strays:
        return f"{files.strays[0]} is a link out of its folder, or to nothing"
    if not about["weights"]:
        return "its weights are not there: only its settings were downloaded"
    if pickled:
        return "its weights are a pickle: only safetensors are taken without being named"
    if not about["modalities"]:
        wanted = sorted({NEEDED[one][0] for one in modalities})
        return f"{' and '.join(wanted)} is not there"
    return ""


def _needing(kind: str) -> str:
    """Return which package an architecture needs that is not installed; "" for none."""
    if kind == TABICL:
        return _lacking("torch", "train") or _lacking("tabicl", "tabular")
    own = kind in OWN
    return _lacking("torch", "train") or ("" if own else _lacking("transformers", "hf"))


def _lite(files: Files, names: list[str], about: dict[str, Any]) -> FoundEncoder:
    """Describe EfficientNet-Lite0: one file of weights, whose tensors alone are read."""
    why_not = _lacking("torch", "train")
    if len(names) != 1:
        why_not = f"expected one file {EFFICIENTNET}*, found {len(names)}"
    return FoundEncoder(
        **about,
        architecture=EFFICIENTNET,
        modalities=("image", "video"),
        weights=tuple(names),
        num_bytes=sum(files.sizes[one] for one in names),
        why_not=why_not,
    )


def _is_lite(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, f"{EFFICIENTNET}*{end}") for end in ENDINGS) and (
        "/" not in name
    )


def _has_needed(files: Files, modality: str) -> bool:
    return any(name in files.sizes for name in NEEDED[modality])


def _weights(files: Files) -> tuple[tuple[str, ...], bool]:
    """Return the files of weights, as the loader would take them, and whether they are pickles."""
    top = sorted(name for name in files.sizes if "/" not in name)
    safe = tuple(name for name in top if name.endswith(".safetensors"))
    safe = (WHOLE,) if WHOLE in safe else safe
    pickles = tuple(
        name
        for name in top
        if Path(name).suffix in PICKLES and not name.startswith(("training_args", "optimizer"))
    )
    return (safe, False) if safe else (pickles, bool(pickles))


def _lacking(module: str, extra: str) -> str:
    """Return why it cannot be loaded where a package is not installed; nothing is imported."""
    try:
        there = find_spec(module) is not None
    except (ImportError, ValueError):
        there = False
    return "" if there else f"it needs {module}: {install_command(extra)}"
