"""Reads the settings of a pretrained model of time series: what it takes, and how much at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plait.backbones.architectures import CHRONOS, CHRONOS_BOLT, FRACAST, KNOWN, architecture_of
from plait.backbones.configuration import names, unknown, whole_config
from plait.backbones.folder import CheckpointError, read_json
from plait.backbones.series import SeriesPreparation

MAX_STEPS = 2048
"""Of what is read of a series at once, where a model could take more."""

BINS = "MeanScaleUniformBins"
"""The one tokenizer of Chronos that was published."""

WHOLE = ("patchtst", "patchtsmixer")
"""Architectures that take series of one length only."""


@dataclass(frozen=True, kw_only=True)
class FracastSettings:
    """The sizes of a Fracast network.

    Attributes:
        dim: Of its states.
        width: Of the hidden layer of its blocks.
        num_steps: Steps of its window.
        num_stages, base: Its block is applied so often, with dilations 1, base, base squared, ...
        kernel: Steps that a convolution sees.
        scale_dim: Numbers that tell the block its dilation.
        num_periods, least_period, level: Of the periods it looks for: how many, the shortest, and
            the probability of finding one in noise.
    """

    dim: int
    width: int
    num_steps: int
    num_stages: int
    base: int
    kernel: int
    scale_dim: int
    num_periods: int
    least_period: int
    level: float


@dataclass(frozen=True)
class SeriesSettings:
    """What the config.json of a model of series tells.

    Attributes:
        architecture: As of `architecture_of`.
        config: Of transformers, made to read one channel at a time; or `FracastSettings`.
        preparation: What it takes, not yet fitted to a column.
    """

    architecture: str
    config: Any
    preparation: SeriesPreparation


def read_series_settings(folder: Path) -> SeriesSettings:
    """Read a folder's config.json.

    Raises:
        CheckpointError: There is none, it is of no model of series that plait knows, or of one
            whose channels cannot be read one by one.
        ExtraError: transformers is needed and not installed.
    """
    said = read_json(folder / "config.json", missing="a checkpoint of a model of time series")
    kind = architecture_of(said) if isinstance(said, dict) else ""
    if kind not in KNOWN["series"]:
        raise unknown(kind or "no model_type", "series", folder)
    why = refusal(said)
    if why:
        raise CheckpointError(
            "the checkpoint is of a kind of time-series model that plait cannot read",
            expected="one of " + names("series") + ", whose channels are read one by one",
            received=why,
            path=folder,
        )
    if kind == FRACAST:
        fracast = _fracast(said["model"])
        preparation = SeriesPreparation(max_steps=fracast.num_steps, hidden=fracast.dim)
        return SeriesSettings(kind, fracast, preparation)
    config = whole_config(folder)
    if kind in WHOLE:
        config.num_input_channels = 1
    if kind == "patchtst":
        # Checkpoints that were pretrained by hiding patches would hide them here too.
        config.do_mask_input = False
    if kind == CHRONOS_BOLT:
        config.vocab_size = 2 if config.chronos_config.get("use_reg_token") else 1
    chronos = getattr(config, "chronos_config", None)
    most = int(config.context_length if chronos is None else chronos["context_length"])
    preparation = SeriesPreparation(
        max_steps=most if kind in WHOLE else min(most, MAX_STEPS),
        exact=kind in WHOLE,
        hidden=int(config.hidden_size),
    )
    return SeriesSettings(kind, config, preparation)


def refusal(said: Mapping[str, Any]) -> str:
    """Return why a known model of series cannot be read as it is set up; "" where it can."""
    kind = architecture_of(said)
    if kind == "patchtst" and (
        said.get("channel_attention") or not said.get("share_embedding", True)
    ):
        return "its channels are read together"
    if kind == "patchtsmixer" and said.get("mode", "common_channel") != "common_channel":
        return "its channels are read together"
    if kind == CHRONOS and said["chronos_config"].get("tokenizer_class") != BINS:
        return f"its tokenizer is not {BINS}"
    if kind == FRACAST:
        return _fracast_refusal(said)
    return ""


def _fracast_refusal(said: Mapping[str, Any]) -> str:
    """Return the first setting in which a Fracast is another network than the published one."""
    model, pyramid = said["model"], said.get("pyramid") or {}
    wanted = {
        "causal": True,
        "separable_conv": True,
        "share_stages": True,
        "scale_cond": "film",
        "recency_encoding": True,
        "periodic_phase": True,
        "periodic_harmonics": 1,
    }
    odd = [name for name, value in wanted.items() if model.get(name, value) != value]
    odd += ["ratios"] if pyramid.get("ratios") else []
    needed = ("d_model", "W")
    odd += [name for name in needed if not isinstance(model.get(name), int)]
    return f"its {odd[0]} is not that of Fracast-0" if odd else ""


def _fracast(model: Mapping[str, Any]) -> FracastSettings:
    """Return the sizes; what is not told is as in Fracast-0."""
    dim, num_steps = int(model["d_model"]), int(model["W"])
    num_bins = 2 ** math.ceil(math.log2(max(num_steps, 2))) // 2
    return FracastSettings(
        dim=dim,
        width=int(dim * float(model.get("ffn_mult", 1.5))),
        num_steps=num_steps,
        num_stages=int(model.get("n_stages", 10)),
        base=int(model.get("dilation_base", 2)),
        kernel=int(model.get("kernel_size", 3)),
        scale_dim=2 * max(1, int(model.get("scale_cond_dim", 8)) // 2),
        num_periods=min(int(model.get("periodic_topk", 16)), num_bins),
        least_period=int(model.get("periodic_min_period", 2)),
        level=float(model.get("periodic_alpha", 0.05)),
    )
