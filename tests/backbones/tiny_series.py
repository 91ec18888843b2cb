"""Tiny randomly initialised models of time series, saved with the names of published ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from safetensors.torch import save_file
from torch import nn

SERIES = ("patchtst", "patchtsmixer", "timesfm", "timesfm2_5", "chronos", "chronos-bolt", "fracast")
FORECASTERS = ("timesfm", "timesfm2_5")

T5 = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 24,
    "num_layers": 2,
    "num_heads": 2,
    "vocab_size": 40,
    "relative_attention_num_buckets": 8,
}
WORDS = {
    "tokenizer_class": "MeanScaleUniformBins",
    "tokenizer_kwargs": {"low_limit": -4.0, "high_limit": 4.0},
    "context_length": 24,
    "prediction_length": 4,
    "n_tokens": 40,
    "n_special_tokens": 2,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "use_eos_token": True,
    "model_type": "seq2seq",
}
PATCHES = {
    "context_length": 24,
    "prediction_length": 4,
    "input_patch_size": 4,
    "input_patch_stride": 4,
    "quantiles": [0.1, 0.5, 0.9],
    "use_reg_token": True,
}
FRACAST: dict[str, Any] = {
    "model": {
        "family": "fracast",
        "d_model": 8,
        "W": 32,
        "ffn_mult": 1.5,
        "n_stages": 4,
        "dilation_base": 2,
        "kernel_size": 3,
        "causal": True,
        "separable_conv": True,
        "share_stages": True,
        "scale_cond": "film",
        "scale_cond_dim": 4,
        "recency_encoding": True,
        "periodic_phase": True,
        "periodic_topk": 2,
        "periodic_harmonics": 1,
        "periodic_min_period": 2,
        "periodic_alpha": 0.05,
    },
    "pyramid": {"ratios": []},
}


def save_series(architecture: str, folder: Path) -> None:
    """Write an architecture's config.json and model.safetensors into a folder."""
    torch.manual_seed(0)
    if architecture == "fracast":
        _save_fracast(folder)
    elif architecture == "chronos-bolt":
        _save_bolt(folder)
    else:
        model = _make(architecture)
        _widen(model)
        model.save_pretrained(folder)


def _make(architecture: str) -> Any:
    sizes = {"context_length": 24, "patch_length": 6}
    if architecture == "patchtst":
        config = hf.PatchTSTConfig(
            **sizes, patch_stride=3, d_model=16, ffn_dim=24, num_attention_heads=2,
            num_hidden_layers=2, num_input_channels=3, use_cls_token=True, do_mask_input=True,
        )  # fmt: skip
        return hf.PatchTSTForPretraining(config)
    if architecture == "patchtsmixer":
        config = hf.PatchTSMixerConfig(
            **sizes, patch_stride=6, d_model=16, num_layers=2, num_input_channels=3
        )
        return hf.PatchTSMixerForPretraining(config)
    if architecture in FORECASTERS:
        depth = {"num_hidden_layers": 2, "hidden_size": 16, "intermediate_size": 24}
        heads = {"num_attention_heads": 2, "head_dim": 8, "horizon_length": 4}
        if architecture == "timesfm":
            whole = hf.TimesFmConfig(**sizes, **depth, **heads)
            return hf.TimesFmModelForPrediction(whole)
        more = {"num_key_value_heads": 2, "output_quantile_len": 8}
        newer = hf.TimesFm2_5Config(**sizes, **depth, **heads, **more)
        return hf.TimesFm2_5ModelForPrediction(newer)
    config = hf.T5Config(**T5, chronos_config=WORDS)
    return hf.T5ForConditionalGeneration(config)


def _save_bolt(folder: Path) -> None:
    """Chronos-Bolt is a T5 of two words behind layers of its own, for which no class is at hand."""
    config = hf.T5Config(**T5 | {"vocab_size": 2}, chronos_config=PATCHES)
    model = hf.T5ForConditionalGeneration(config)
    own = nn.ModuleDict(
        {"hidden_layer": nn.Linear(8, 24), "output_layer": nn.Linear(24, 16),
         "residual_layer": nn.Linear(8, 16)}
    )  # fmt: skip
    _widen(model)
    _widen(own)
    tensors = {f"input_patch_embedding.{n}": v for n, v in own.state_dict().items()}
    config.architectures = ["ChronosBoltModelForForecasting"]
    config.save_pretrained(folder)
    _save(tensors | model.state_dict(), folder)


def _save_fracast(folder: Path) -> None:
    from plait.backbones.fracast import Fracast
    from plait.backbones.series_folder import _fracast

    network = Fracast(_fracast(FRACAST["model"]))
    _widen(network)
    (folder / "config.json").write_text(json.dumps(FRACAST))
    _save({**network.state_dict(), "head.queries": torch.ones(2, 2)}, folder)


def _widen(model: nn.Module) -> None:
    """Make rows differ: the usual initialisation barely tells them apart."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.3)


def _save(tensors: dict[str, torch.Tensor], folder: Path) -> None:
    kept = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
