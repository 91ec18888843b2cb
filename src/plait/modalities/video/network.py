"""Video as tokens: four per frame from a picture stem, then those of its sound."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.audio.network import Embed as AudioEmbed
from plait.modalities.image.network import Embed as ImageEmbed
from plait.modalities.video.codec import VideoCodec
from plait.nn.tokens import Tokens, length_mask

GRID = 2
"""Frames are pooled to a grid of this side."""


class Embed(nn.Module):
    """The picture stem on every frame, pooled to 2 x 2 tokens; the sound stem on the track.

    A learned vector tells the two kinds of token apart; sound tokens of silent clips are masked.
    """

    def __init__(self, codec: VideoCodec, dim: int) -> None:
        super().__init__()
        self.picture = ImageEmbed(codec.picture, dim)
        self.sound = AudioEmbed(codec.sound, dim)
        self.kind = nn.Parameter(torch.randn(2, dim) * 0.02)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        seen, heard = self._frames(parts, lengths), self._track(parts, lengths)
        return Tokens(*(torch.cat(pair, dim=1) for pair in zip(seen, heard, strict=True)))

    def _frames(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        frames = parts["frames"]
        batch, num = frames.shape[:2]
        grid = self.picture({"pixels": frames.flatten(0, 1)}, {}).values
        side = round(grid.shape[1] ** 0.5)
        maps = grid.transpose(1, 2).unflatten(2, (side, side))
        pooled = nn.functional.adaptive_avg_pool2d(maps, GRID).flatten(2).transpose(1, 2)
        values = pooled.reshape(batch, num * GRID**2, -1) + self.kind[0].to(pooled.dtype)
        mask = length_mask(lengths["frame"], num).repeat_interleave(GRID**2, dim=1)
        time = torch.arange(num, device=frames.device).repeat_interleave(GRID**2)
        place = torch.arange(GRID**2, device=frames.device).repeat(num)
        positions = torch.stack([time, place], -1).float().expand(batch, -1, -1)
        return Tokens(values, mask, positions)

    def _track(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        tokens = self.sound({"mel": parts["mel"]}, {"frame": lengths["sound"]})
        mask = tokens.mask & (parts["has_sound"] > 0.5)
        return Tokens(tokens.values + self.kind[1].to(tokens.values.dtype), mask, tokens.positions)
