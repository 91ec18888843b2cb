"""Towers: each architecture behind one call, from prepared parts to one vector and many."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.backbones.preprocessing import ImagePreparation, TextPreparation
from plait.backbones.sound import AudioPreparation
from plait.nn.tokens import length_mask

FRAMES_AT_ONCE = 32
"""Frames of films that a picture encoder sees together; a batch of clips holds many more."""


class TowerOutput(NamedTuple):
    """What a tower makes of a batch.

    Attributes:
        pooled: One vector per row.
        hidden: Local vectors: a sequence, or the rows of a grid one after another.
        counts: How many of `hidden` are real.
        grid: Rows and columns of the grid; None for a sequence.
    """

    pooled: Float[Tensor, "batch dim"]
    hidden: Float[Tensor, "batch place dim"]
    counts: Int[Tensor, " batch"]
    grid: tuple[int, int] | None = None


class TextTower(nn.Module):
    """A text encoder: the part ``ids``, with lengths of ``token`` where texts are not filled up."""

    def __init__(self, model: nn.Module, preparation: TextPreparation) -> None:
        super().__init__()
        self.model = model
        self.pad_id, self.filled = preparation.pad_id, bool(preparation.pad_to)
        self.pooling, self.unit = preparation.pooling, preparation.unit

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> TowerOutput:
        ids = parts["ids"].long()
        if self.filled:
            counts = (ids != self.pad_id).sum(1).clamp_min(1)
            found = self.model(input_ids=ids)
        else:
            counts = lengths["token"]
            mask = length_mask(counts, ids.shape[1])
            ids = torch.where(mask, ids, self.pad_id)
            found = self.model(input_ids=ids, attention_mask=mask.long())
        pooled, hidden = self._pool(found, counts)
        return TowerOutput(F.normalize(pooled, dim=-1) if self.unit else pooled, hidden, counts)

    def _pool(self, found: Any, counts: Tensor) -> tuple[Tensor, Tensor]:
        hidden = found.last_hidden_state
        if self.pooling == "mean":
            return mean_of_real(hidden, counts), hidden
        if self.pooling == "cls":
            return hidden[:, 0], hidden
        project = getattr(self.model, "text_projection", None) or getattr(self.model, "head", None)
        pooled = found.text_embeds if "text_embeds" in found else found.pooler_output
        return pooled, hidden if project is None else project(hidden)


class ImageTower(nn.Module):
    """A picture encoder: the part ``pixels`` in 0 ... 255, rescaled and normalised here."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, preparation: ImagePreparation, patch: int) -> None:
        super().__init__()
        self.model, self.rescale = model, preparation.rescale
        self.grid = preparation.height_px // patch, preparation.width_px // patch
        shape = (3, 1, 1)
        self.register_buffer("mean", torch.tensor(preparation.mean).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(preparation.std).view(shape), persistent=False)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> TowerOutput:
        dtype = next(self.model.parameters()).dtype
        pixels = parts["pixels"].permute(0, 3, 1, 2).float() * self.rescale
        pooled, hidden = self._encode(((pixels - self.mean) / self.std).to(dtype))
        counts = torch.full((len(hidden),), hidden.shape[1], device=hidden.device)
        return TowerOutput(pooled, hidden, counts, self.grid)

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        found: Any = self.model(pixel_values=x)
        hidden = found.last_hidden_state[:, -self.grid[0] * self.grid[1] :]
        if "image_embeds" in found:
            model: Any = self.model
            return found.image_embeds, model.visual_projection(
                model.vision_model.post_layernorm(hidden)
            )
        pooled = found.get("pooler_output")
        return found.last_hidden_state[:, 0] if pooled is None else pooled, hidden


class ConvolutionTower(ImageTower):
    """EfficientNet: its feature map, and the mean of it."""

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # On CPUs, channels last and few pictures at once keep the wide layers in the cache.
        x = x.contiguous(memory_format=torch.channels_last)
        few = x.split(8) if x.device.type == "cpu" and not torch.is_grad_enabled() else (x,)
        features = torch.cat([self.model(part) for part in few])
        return features.mean((2, 3)), features.flatten(2).transpose(1, 2)


class FrameTower(nn.Module):
    """A picture encoder on each frame: the part ``frames``, with lengths of ``frame``.

    The pooled vector is the mean over a clip's frames; the local ones are its frames in time.
    """

    def __init__(self, picture: ImageTower) -> None:
        super().__init__()
        self.picture = picture

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> TowerOutput:
        frames, counts = parts["frames"], lengths["frame"]
        real = length_mask(counts, frames.shape[1])
        few = frames[real].split(FRAMES_AT_ONCE)
        pooled = torch.cat([self.picture({"pixels": part}, {}).pooled for part in few])
        hidden = pooled.new_zeros(*real.shape, pooled.shape[1])
        hidden[real] = pooled
        return TowerOutput(mean_of_real(hidden, counts), hidden, counts)


class SpectrogramTower(nn.Module):
    """Whisper's encoder: the part ``mel``, followed by silence to its full length."""

    def __init__(self, model: nn.Module, preparation: AudioPreparation) -> None:
        super().__init__()
        self.model, self.preparation = model, preparation

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> TowerOutput:
        mel, num_frames = parts["mel"].float(), lengths["frame"]
        real = length_mask(num_frames, mel.shape[1])[:, :, None]
        loudest = mel.masked_fill(~real, float("-inf")).amax((1, 2)).tolist()
        silence = mel.new_tensor([self.preparation.silence(level) for level in loudest])
        mel = torch.where(real, mel, silence[:, None, None])
        rest = self.preparation.num_frames - mel.shape[1]
        mel = torch.cat([mel, silence[:, None, None].expand(-1, rest, mel.shape[2])], dim=1)
        dtype = next(self.model.parameters()).dtype
        hidden = self.model(mel.transpose(1, 2).to(dtype)).last_hidden_state
        counts = (num_frames + 1) // 2
        return TowerOutput(mean_of_real(hidden, counts), hidden, counts)


class WaveformTower(nn.Module):
    """wav2vec 2.0 and HuBERT: the part ``wave``.

    Where the first norm takes its statistics over time (``feat_extract_norm`` ``group``), padding
    would change them, and the checkpoint knows no mask: rows of one length go together.
    """

    def __init__(self, model: nn.Module, config: Any) -> None:
        super().__init__()
        self.model, self.masked = model, config.feat_extract_norm == "layer"
        self.convolutions = list(zip(config.conv_kernel, config.conv_stride, strict=True))

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> TowerOutput:
        num_samples = lengths["sample"]
        wave = parts["wave"].to(next(self.model.parameters()).dtype)
        least = self._fewest()
        wave = F.pad(wave, (0, max(least - wave.shape[1], 0)))
        num_samples = num_samples.clamp_min(least)
        counts = num_samples
        for kernel, stride in self.convolutions:
            counts = (counts - kernel) // stride + 1
        hidden = (
            self._together(wave, num_samples) if self.masked else self._apart(wave, num_samples)
        )
        return TowerOutput(mean_of_real(hidden, counts), hidden, counts)

    def _together(self, wave: Tensor, num_samples: Tensor) -> Tensor:
        mask = length_mask(num_samples, wave.shape[1])
        hidden: Tensor = self.model(
            wave * mask.to(wave.dtype), attention_mask=mask.long()
        ).last_hidden_state
        return hidden

    def _apart(self, wave: Tensor, num_samples: Tensor) -> Tensor:
        rows, found = [], []
        for length in num_samples.unique().tolist():
            same = (num_samples == length).nonzero()[:, 0]
            rows.append(same)
            found.append(self.model(wave[same, :length]).last_hidden_state)
        longest = max(hidden.shape[1] for hidden in found)
        padded = [F.pad(hidden, (0, 0, 0, longest - hidden.shape[1])) for hidden in found]
        return torch.cat(padded)[torch.cat(rows).argsort()]

    def _fewest(self) -> int:
        samples = 1
        for kernel, stride in reversed(self.convolutions):
            samples = (samples - 1) * stride + kernel
        return samples


def mean_of_real(
    hidden: Float[Tensor, "batch place dim"], counts: Int[Tensor, " batch"]
) -> Float[Tensor, "batch dim"]:
    """Return the mean of each row's first ``counts`` vectors."""
    mask = length_mask(counts, hidden.shape[1])[:, :, None].to(hidden.dtype)
    return (hidden * mask).sum(1) / counts[:, None].to(hidden.dtype)
