"""How each model of time series is asked for its states: a channel a row, the latest step last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.backbones.architectures import CHRONOS, CHRONOS_BOLT, FRACAST

Reader = Callable[[Any, Tensor, Tensor], tuple[Tensor, Tensor]]
"""Model, values ``[row, time]`` and their numbers of steps ``[row]`` -> states ``[row, place,
dim]``, the real ones first, and how many these are, ``[row]``."""


class PatchEmbedding(nn.Module):
    """Chronos-Bolt's first layers: a patch's values, and which were observed, to one vector.

    Source: Ansari et al. 2024, "Chronos", and the package chronos-forecasting (Apache-2.0); names
    are those of the published weights.
    """

    def __init__(self, config: Any) -> None:
        super().__init__()
        from transformers.activations import ACT2FN

        num, dim = 2 * int(config.chronos_config["input_patch_size"]), int(config.d_model)
        self.hidden_layer = nn.Linear(num, int(config.d_ff))
        self.act = ACT2FN[config.dense_act_fn]
        self.output_layer = nn.Linear(int(config.d_ff), dim)
        self.residual_layer = nn.Linear(num, dim)

    def forward(self, x: Float[Tensor, "row patch input"]) -> Float[Tensor, "row patch dim"]:
        found: Tensor = self.output_layer(self.act(self.hidden_layer(x))) + self.residual_layer(x)
        return found


def to_the_end(
    values: Float[Tensor, "row time"], counts: Int[Tensor, " row"], width: int
) -> tuple[Float[Tensor, "row width"], Bool[Tensor, "row width"]]:
    """Return rows whose last step is at the end, zeros before the first, and which are real."""
    place = torch.arange(width, device=values.device)[None] - (width - counts[:, None])
    real = place >= 0
    found = values.gather(1, place.clamp(0, values.shape[1] - 1))
    return torch.where(real, found, 0.0), real


def from_the_end(
    states: Float[Tensor, "row place dim"], counts: Int[Tensor, " row"]
) -> Float[Tensor, "row place dim"]:
    """Return states whose real ones are at the end with these first; what follows is of no use."""
    num = states.shape[1]
    place = torch.arange(num, device=states.device)[None] + (num - counts[:, None])
    index = place.clamp_max(num - 1)[:, :, None].expand(-1, -1, states.shape[2])
    return states.gather(1, index)


def read_whole(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """PatchTST and PatchTSMixer: every row has all of their steps."""
    states = model(past_values=values[:, :, None]).last_hidden_state[:, 0]
    # The token of the whole series comes before those of patches.
    states = states[:, int(getattr(model.config, "use_cls_token", False)) :]
    return states, torch.full_like(counts, states.shape[1])


def read_timesfm(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """TimesFM 1 and 2, told that it is of high frequency, as where that is not known."""
    padded, missing, places = _in_patches(model, values, counts)
    frequency = torch.zeros(len(values), 1, dtype=torch.long, device=values.device)
    found = model(past_values=padded, past_values_padding=missing, freq=frequency)
    return from_the_end(found.last_hidden_state, places), places


def read_timesfm_2_5(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """TimesFM 2.5."""
    padded, missing, places = _in_patches(model, values, counts)
    found = model(past_values=padded, past_values_padding=missing)
    return from_the_end(found.last_hidden_state, places), places


def _in_patches(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows of whole patches, 1 where a step is padding, and each row's patches."""
    size = int(model.config.patch_length)
    padded, real = to_the_end(values, counts, -(-values.shape[1] // size) * size)
    return padded, (~real).to(values.dtype), (counts + size - 1) // size


def read_tokens(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Chronos: each step is a word, the bin of its value over the mean absolute one (eq. 1)."""
    said = model.config.chronos_config
    padded, real = to_the_end(values, counts, values.shape[1])
    size = padded.abs().sum(1, keepdim=True) / counts[:, None]
    limits, first = said["tokenizer_kwargs"], int(said["n_special_tokens"])
    centres = torch.linspace(
        float(limits["low_limit"]),
        float(limits["high_limit"]),
        int(said["n_tokens"]) - first - 1,
        device=values.device,
    )
    edges = (centres[1:] + centres[:-1]) / 2
    words = torch.bucketize(padded / torch.where(size > 0, size, 1.0), edges, right=True)
    words = (words + 1 + first).clamp(0, int(said["n_tokens"]) - 1)
    words = torch.where(real, words, int(said["pad_token_id"]))
    if said.get("use_eos_token"):
        end = torch.full_like(words[:, :1], int(said["eos_token_id"]))
        words = torch.cat([words, end], dim=1)
        real = torch.cat([real, torch.ones_like(end, dtype=torch.bool)], dim=1)
    states = model(input_ids=words, attention_mask=real.long()).last_hidden_state
    return from_the_end(states[:, : values.shape[1]], counts), counts


def read_patches(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Chronos-Bolt: patches, each with which of its steps were observed."""
    said = model.config.chronos_config
    size, stride = int(said["input_patch_size"]), int(said["input_patch_stride"])
    padded, real = to_the_end(values, counts, -(-values.shape[1] // size) * size)
    seen = real.to(values.dtype).unfold(1, size, stride)
    inside = seen.sum(2) > 0
    x = model.input_patch_embedding(torch.cat([padded.unfold(1, size, stride), seen], dim=2))
    mask, num = inside.long(), x.shape[1]
    if said.get("use_reg_token"):
        summary = model.shared(torch.ones_like(mask[:, :1]))
        x, mask = torch.cat([x, summary], dim=1), torch.cat([mask, mask[:, -1:]], dim=1)
    states = model(inputs_embeds=x, attention_mask=mask).last_hidden_state[:, :num]
    places = inside.sum(1)
    return from_the_end(states, places), places


def read_window(model: Any, values: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Fracast: a window of one length, whose end is now."""
    padded, real = to_the_end(values, counts, model.core.settings.num_steps)
    return from_the_end(model(padded, real)[:, -values.shape[1] :], counts), counts


READERS: Mapping[str, Reader] = {
    "patchtst": read_whole,
    "patchtsmixer": read_whole,
    "timesfm": read_timesfm,
    "timesfm2_5": read_timesfm_2_5,
    CHRONOS: read_tokens,
    CHRONOS_BOLT: read_patches,
    FRACAST: read_window,
}
"""Architecture -> how its model is asked."""
