"""Reads a checkpoint's own files into its preprocessing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plait.backbones.folder import CheckpointError, inside, read_json
from plait.backbones.preprocessing import ImagePreparation, TextPreparation
from plait.backbones.sound import AudioPreparation

OFFSET_POSITIONS = ("roberta", "xlm-roberta", "mpnet")
"""Architectures whose positions begin behind the number of the padding token."""

MAX_TOKENS = 100_000
"""What ``model_max_length`` says beyond this means "not known"."""


def text_root(folder: Path) -> Path:
    """Return the folder of the transformer of a sentence encoder, or the checkpoint's own."""
    for name, path in _modules(folder):
        if name == "Transformer":
            return inside(folder, path)
    return folder


def text_preparation(folder: Path, config: Any) -> TextPreparation:
    """Read tokenizer, longest text and pooling.

    Args:
        folder: The checkpoint.
        config: Of the text transformer (transformers' configuration).

    Raises:
        CheckpointError: No tokenizer.json, one of another checkpoint, or a module or pooling
            that plait does not know.
    """
    root = text_root(folder)
    tokenizer, num_pieces = _tokenizer(root)
    if num_pieces > config.vocab_size:
        raise CheckpointError(
            "the tokenizer does not belong to the checkpoint",
            expected=f"at most {config.vocab_size} tokens, as config.json says",
            received=f"{num_pieces} tokens",
            path=root / "tokenizer.json",
        )
    pooling, unit = _pooling(folder, config)
    siglip = config.model_type == "siglip_text_model"
    return TextPreparation(
        tokenizer=tokenizer,
        max_tokens=_max_tokens(folder, root, config),
        pad_to=config.max_position_embeddings if siglip else 0,
        pad_id=config.pad_token_id or 0,
        pooling=pooling,
        unit=unit,
    )


def _tokenizer(root: Path) -> tuple[str, int]:
    """Return tokenizer.json without truncation and padding, and its largest number plus 1."""
    from tokenizers import Tokenizer

    file = root / "tokenizer.json"
    if not file.is_file():
        raise CheckpointError(
            "the checkpoint has no tokenizer",
            expected="tokenizer.json",
            received=", ".join(sorted(path.name for path in root.iterdir())),
            path=root,
            hint="make it once: transformers.AutoTokenizer.from_pretrained(FOLDER)"
            ".save_pretrained(FOLDER)",
        )
    try:
        stored = json.loads(file.read_text("utf-8"))
        stored["truncation"] = stored["padding"] = None
        text = json.dumps(stored, ensure_ascii=False, separators=(",", ":"))
        numbers = Tokenizer.from_str(text).get_vocab(with_added_tokens=True).values()
    except Exception as error:
        raise CheckpointError(
            "the checkpoint's tokenizer cannot be read", received=str(error), path=file
        ) from None
    return text, max(numbers, default=0) + 1


def _max_tokens(folder: Path, root: Path, config: Any) -> int:
    most = int(config.max_position_embeddings)
    if config.model_type in OFFSET_POSITIONS:
        most -= (config.pad_token_id or 0) + 1
    said = [
        (read_json(folder / "sentence_bert_config.json") or {}).get("max_seq_length"),
        (read_json(root / "tokenizer_config.json") or {}).get("model_max_length"),
    ]
    return min([most, *(int(value) for value in said if value and value < MAX_TOKENS)])


def _modules(folder: Path) -> list[tuple[str, str]]:
    """Return kind and path of a sentence encoder's modules; empty where there are none."""
    found = read_json(folder / "modules.json") or []
    modules = [(str(m["type"]).rpartition(".")[2], str(m["path"])) for m in found]
    unknown = [name for name, _ in modules if name not in {"Transformer", "Pooling", "Normalize"}]
    if unknown:
        raise CheckpointError(
            "the sentence encoder has a module that is not known",
            expected="Transformer, Pooling, Normalize",
            received=", ".join(unknown),
            path=folder / "modules.json",
        )
    return modules


def _pooling(folder: Path, config: Any) -> tuple[str, bool]:
    """Return how to pool, and whether to normalise."""
    if config.model_type in {"clip_text_model", "siglip_text_model"}:
        return "model", False
    modules = dict(_modules(folder))
    if "Pooling" not in modules:
        return "mean", "Normalize" in modules
    file = inside(folder, modules["Pooling"]) / "config.json"
    said = read_json(file, missing="the pooling of a sentence encoder")
    dim = said.get("word_embedding_dimension", said.get("embedding_dimension"))
    if dim not in (None, config.hidden_size):
        raise CheckpointError(
            "the pooling does not fit the checkpoint",
            expected=f"{config.hidden_size} numbers per token, as config.json says",
            received=f"{dim}",
            path=file,
        )
    modes = [k for k, v in said.items() if k.startswith("pooling_mode_") and v is True]
    modes = modes or [f"pooling_mode_{said.get('pooling_mode')}"]
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_mean": "mean"}
    known |= {"pooling_mode_cls_token": "cls", "pooling_mode_cls": "cls"}
    if len(modes) != 1 or modes[0] not in known:
        raise CheckpointError(
            "the pooling of the sentence encoder is not known",
            expected="mean or cls",
            received=", ".join(modes),
            path=file,
        )
    return known[modes[0]], "Normalize" in modules


def processor_settings(folder: Path, part: str) -> dict[str, Any]:
    """Return preprocessor_config.json, or that `part` of the newer processor_config.json."""
    found = read_json(folder / "preprocessor_config.json")
    if found is None:
        found = (read_json(folder / "processor_config.json") or {}).get(part)
    if not isinstance(found, dict):
        raise CheckpointError(
            "the checkpoint does not say how its input is to be prepared",
            expected="preprocessor_config.json",
            received=", ".join(sorted(path.name for path in folder.iterdir())),
            path=folder,
            hint="copy the file from where the checkpoint was published",
        )
    return found


def image_preparation(folder: Path, said: dict[str, Any]) -> ImagePreparation:
    """Read size, filter, crop and scale from ``preprocessor_config.json``.

    Raises:
        CheckpointError: A step that plait does not know, or sizes that are not said.
    """
    kind = str(said.get("image_processor_type") or said.get("feature_extractor_type") or "")
    shortest = kind.startswith(("CLIP", "Bit", "ConvNext"))
    size = _sides(said.get("size"), shortest) if said.get("do_resize", True) else {}
    crop = _sides(said.get("crop_size"), False) if said.get("do_center_crop", False) else {}
    final = crop or size
    unknown = set(size) - {"shortest_edge", "height", "width"}
    if unknown or not {"height", "width"} <= set(final) or said.get("do_pad"):
        raise CheckpointError(
            "the checkpoint prepares pictures in a way that is not known",
            expected="size as height and width, or shortest_edge with crop_size; no padding",
            received={k: said.get(k) for k in ("size", "crop_size", "do_pad") if k in said},
            path=folder,
        )
    scaled = said.get("do_normalize", True)
    return ImagePreparation(
        height_px=final["height"],
        width_px=final["width"],
        resize="shortest" if "shortest_edge" in size else "exact" if size else "none",
        size_px=size.get("shortest_edge", 0),
        resample=int(said.get("resample", 2 if kind.startswith("ViT") else 3)),
        crop=bool(crop),
        rescale=float(said.get("rescale_factor", 1 / 255)) if said.get("do_rescale", True) else 1.0,
        mean=_channels(said, "image_mean", folder) if scaled else (0.0, 0.0, 0.0),
        std=_channels(said, "image_std", folder) if scaled else (1.0, 1.0, 1.0),
    )


def _sides(size: Any, shortest: bool) -> dict[str, int]:
    if isinstance(size, int | float):
        return (
            {"shortest_edge": int(size)} if shortest else {"height": int(size), "width": int(size)}
        )
    return {k: int(v) for k, v in (size or {}).items() if v is not None}


def _channels(said: dict[str, Any], name: str, folder: Path) -> tuple[float, ...]:
    values = said.get(name)
    if not isinstance(values, list) or len(values) != 3:
        raise CheckpointError(
            f"the checkpoint does not say its {name}",
            expected="three numbers in preprocessor_config.json",
            received=values,
            path=folder,
        )
    return tuple(float(value) for value in values)


def audio_preparation(folder: Path, config: Any) -> AudioPreparation:
    """Read the spectrogram's or the waveform's settings from ``preprocessor_config.json``.

    Raises:
        CheckpointError: Another rate than 16 kHz, or sizes that do not fit the network.
    """
    said = processor_settings(folder, "feature_extractor")
    rate = int(said.get("sampling_rate", 16_000))
    if rate != 16_000:
        raise CheckpointError(
            "the checkpoint hears sounds at another rate",
            expected="16000 Hz",
            received=f"{rate} Hz",
            path=folder,
        )
    if config.model_type != "whisper":
        return AudioPreparation(
            kind="wave",
            normalise=bool(said.get("do_normalize", True)),
            min_samples=_fewest_samples(config),
        )
    preparation = AudioPreparation(
        kind="mel",
        max_seconds=float(said.get("chunk_length", 30)),
        num_mels=int(said.get("feature_size", 80)),
        window_samples=int(said.get("n_fft", 400)),
        hop_samples=int(said.get("hop_length", 160)),
        normalise=False,
        min_samples=0,
    )
    wanted = config.num_mel_bins, 2 * config.max_source_positions
    if (preparation.num_mels, preparation.num_frames) != wanted:
        raise CheckpointError(
            "the spectrogram does not fit the network",
            expected=f"{wanted[0]} bands and {wanted[1]} frames, as config.json says",
            received=f"{preparation.num_mels} bands and {preparation.num_frames} frames",
            path=folder,
        )
    return preparation


def _fewest_samples(config: Any) -> int:
    """Return the shortest waveform that gives one frame after all convolutions."""
    samples = 1
    for kernel, stride in zip(
        reversed(config.conv_kernel), reversed(config.conv_stride), strict=True
    ):
        samples = (samples - 1) * stride + kernel
    return samples
