"""Video as tokens: four per frame from a picture stem, then those of its sound; and clips drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities.audio.network import Embed as AudioEmbed
from plait.modalities.image.network import Embed as ImageEmbed
from plait.modalities.target import Asked
from plait.modalities.video.codec import VideoCodec
from plait.nn.conditions import Conditions
from plait.nn.flow_matching import Flow, noise_of
from plait.nn.space_time_unet import SpaceTimeUNet
from plait.nn.tokens import Tokens, length_mask
from plait.types import Arrays, ColumnBatch

GRID = 2
"""Frames are pooled to a grid of this side."""

FINEST, MOMENT = 8, 2
"""Of drawn clips: places along each side, at most, and frames that one place holds."""

LEAST_WIDTH, ENOUGH_WIDTH = 32, 64
"""Channels, and how many at most what a place holds asks for."""

STEPS, GUIDANCE = 8, 3.0
"""Of a clip where nothing else is asked: those of pictures."""

DRAWN_AT_ONCE = 16

BEGUN_SHARE = 0.25
"""Of the rows of training, whose first frame is given."""


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


class Generate(nn.Module):
    """Draws clips by flow matching with a U-Net of places and moments.

    Each is drawn from the noise of its row's generator, at temperature 0 too. Beside the noise the
    network sees a picture on every frame: the first frame, where the clip is to begin at it, else
    that of the row's first column of pictures; and which of the two it is.

    Args:
        codec: Gives frames, size, and the scale of pixels.
        dim: Of the tokens; the U-Net has half as many channels, or as many as a place holds
            numbers, from 32 to 64.
    """

    num_queries = 2
    most_per_step = 8

    def __init__(self, codec: VideoCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        frames, size, _, channels = (int(str(one)) for one in codec.layout["frames"].shape)
        self.shape = channels, frames, size, size
        patch = -(-size // FINEST)
        held = min(channels * MOMENT * patch**2, ENOUGH_WIDTH)
        network = SpaceTimeUNet(
            channels=channels,
            beside=channels + 2,
            frames=frames,
            size=size,
            moment=MOMENT,
            patch=patch,
            dim=dim,
            width=max(LEAST_WIDTH, held, dim // 2),
        )
        self.flow = Flow(network, dim=dim, num_queries=self.num_queries)

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the mean squared error of each row's velocity, in units of the pixels' spread.

        In training, where mirror images have the same meaning, half of the clips are mirrored, with
        the pictures beside them; and of some, by lot, the first frame is given.
        """
        values = self._scaled(target.parts["frames"])
        picture, told = self._pictured(conditions)
        begun = torch.zeros_like(told)
        if self.training:
            begun = torch.rand(len(values), device=values.device) < BEGUN_SHARE
            picture = torch.where(begun[:, None, None, None], values[:, :, 0], picture)
        beside = self._beside(picture, begun, told)
        if self.training and self.codec.flip:
            turned = (torch.rand(len(values), device=values.device) < 0.5)[
                :, None, None, None, None
            ]
            values, beside = (torch.where(turned, one.flip(-1), one) for one in (values, beside))
        return self.flow.loss(conditions, values, beside)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Draw a clip per row; see `Asked` for what it may begin at, and what stays of it."""
        noise = noise_of(rngs, self.shape).to(conditions.pooled.device)
        begin, keep = self._begun(asked, noise)
        picture, told = self._pictured(conditions)
        begun = torch.full_like(told, keep is not None)
        if begin is not None and keep is not None:
            picture = begin[:, 0].expand_as(picture)
        beside, found = self._beside(picture, begun, told), []
        for at in range(0, len(rngs), DRAWN_AT_ONCE):
            some = slice(at, at + DRAWN_AT_ONCE)
            drawn = self.flow.draw(
                conditions.take(some),
                noise[some],
                steps=STEPS if asked.steps is None else asked.steps,
                guidance=GUIDANCE if asked.guidance is None else asked.guidance,
                begin=None if begin is None else begin[None].expand(len(noise[some]), *self.shape),
                strength=asked.strength,
                keep=keep,
                placed=beside[some],
            )
            shades = drawn.permute(0, 2, 3, 4, 1) * self.codec.spread + self.codec.level
            found.append(shades.round().clamp(0, 255).to(torch.uint8).cpu().numpy())
        return [{"frames": np.ascontiguousarray(one)} for one in np.concatenate(found)]

    def _begun(self, asked: Asked, noise: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return what clips begin at, ``[channel, frame, height, width]``, and where it stays."""
        if asked.begin is None:
            return None, None
        frames = torch.from_numpy(np.ascontiguousarray(asked.begin["frames"]))[None]
        keep = None if asked.keep is None else torch.from_numpy(asked.keep).to(noise.device)
        return self._scaled(frames.to(noise.device))[0], keep

    def _pictured(
        self, conditions: Conditions
    ) -> tuple[Float[Tensor, "batch channel height width"], Bool[Tensor, " batch"]]:
        """Return the picture of the first column of pictures that each row has, as large as a frame
        and on the scale of frames, 0 where there is none; and which rows have one."""
        num, device, side = len(conditions.pooled), conditions.pooled.device, self.shape[-1]
        found = torch.zeros(num, self.shape[0], side, side, device=device)
        told = torch.zeros(num, dtype=torch.bool, device=device)
        for column in (conditions.inputs or {}).values():
            pixels = getattr(column, "parts", {}).get("pixels")
            if pixels is None or pixels.ndim != 4:
                continue
            shades = (pixels.permute(0, 3, 1, 2).float() - self.codec.level) / self.codec.spread
            if shades.shape[-1] != side:
                shades = F.interpolate(shades, size=side, mode="bilinear", antialias=True)
            used = column.present & ~told
            found = torch.where(used[:, None, None, None], shades.expand_as(found), found)
            told = told | column.present
        return found, told

    def _beside(
        self, picture: Tensor, begun: Bool[Tensor, " batch"], told: Bool[Tensor, " batch"]
    ) -> Float[Tensor, "batch channel2 frame height width"]:
        """Return the picture on every frame, whether it is the first, and whether a column's."""
        kinds = torch.stack([begun, told & ~begun], 1).to(picture.dtype)[:, :, None, None]
        whole = torch.cat([picture, kinds.expand(-1, -1, *picture.shape[2:])], 1)
        return whole[:, :, None].expand(-1, -1, self.shape[1], -1, -1)

    def _scaled(self, frames: Tensor) -> Float[Tensor, "batch channel frame height width"]:
        """Return pixels ``[batch, frame, height, width, channel]`` with mean about 0 and variance
        1."""
        return (frames.permute(0, 4, 1, 2, 3).float() - self.codec.level) / self.codec.spread
