"""Sound as tokens: a residual convolutional stem over the spectrogram, one token per 160 ms."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.modalities.audio.codec import AudioCodec
from plait.nn.tokens import Tokens, length_mask, line_positions

NUM_HALVINGS = 4


class Embed(nn.Module):
    """Four halvings of time and frequency; then the bands of a frame become one token.

    Group statistics over the whole sound would see the padding, so norms here are per place
    (over channels), and padding is set to zero before every convolution: a sound's tokens do not
    depend on its neighbours in the batch.

    Args:
        codec: Gives the number of bands.
        dim: Of the tokens; widths grow from ``dim // 4`` up to it.
    """

    def __init__(self, codec: AudioCodec, dim: int) -> None:
        super().__init__()
        widths = [max(16, dim // 4), max(24, dim // 4), max(32, dim // 2), dim]
        self.first = nn.Conv2d(1, widths[0], 5, stride=2, padding=2)
        self.blocks = nn.ModuleList(
            _MaskedBlock(widths[i], widths[i + 1]) for i in range(NUM_HALVINGS - 1)
        )
        num_bands = -(-codec.num_mels // 2**NUM_HALVINGS)
        self.out = nn.Linear(widths[-1] * num_bands, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        x = self.first(parts["mel"][:, None])
        frames = (lengths["frame"] + 1) // 2
        for block in self.blocks:
            x, frames = block(x, frames)
        tokens = self.out(x.permute(0, 2, 1, 3).flatten(2))
        return line_positions(tokens, frames)


class _MaskedBlock(nn.Module):
    """A residual block of stride 2 that keeps padded frames at zero."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _PlaceNorm(dim_in), _PlaceNorm(dim_out)
        self.conv1 = nn.Conv2d(dim_in, dim_out, 3, stride=2, padding=1, bias=False)
        self.conv2 = nn.Conv2d(dim_out, dim_out, 3, padding=1, bias=False)
        self.skip = nn.Conv2d(dim_in, dim_out, 1, stride=2, bias=False)
        nn.init.zeros_(self.conv2.weight)

    def forward(
        self, x: Float[Tensor, "batch dim time band"], frames: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch dim2 time2 band2"], Int[Tensor, " batch"]]:
        y = nn.functional.silu(self.norm1(x)) * _real(frames, x)
        skip = self.skip(y)
        frames = (frames + 1) // 2
        y = self.conv1(y)
        y = nn.functional.silu(self.norm2(y)) * _real(frames, y)
        return (skip + self.conv2(y)) * _real(frames, skip), frames


class _PlaceNorm(nn.Module):
    """RMS normalisation over channels at every place."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-4)
        return x * scale * self.weight.to(x.dtype)


def _real(frames: Tensor, x: Tensor) -> Bool[Tensor, "batch 1 time 1"]:
    return length_mask(frames, x.shape[2])[:, None, :, None]
