"""Pictures as tokens: a convolutional stem, pooled to at most 4 x 4 tokens; and pictures drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities.image.codec import ImageCodec
from plait.modalities.target import Asked
from plait.nn.adversarial import LATENT, Adversarial
from plait.nn.conditions import Conditions
from plait.nn.conv import ChannelNorm, ConvBlock
from plait.nn.critic import Critic
from plait.nn.feature_map import FeatureMap, Pyramid
from plait.nn.flow_map import FlowMap
from plait.nn.flow_matching import Flow, noise_of
from plait.nn.tokens import Tokens, grid_tokens
from plait.nn.unet import UNet
from plait.nn.widening import Widening
from plait.types import Arrays, ColumnBatch

MAX_SIDE = 32
"""Larger pictures are averaged to this side: more costs a multiple and tells little more."""

GRID, MIDDLE = 4, 8
"""Sides of the grid of tokens, and of the map that the residual convolutions work on."""

FINEST = 16
"""Places along each side of a drawn picture, at most; squares of pixels make larger ones fit."""

LEAST_WIDTH = 32

STEPS, GUIDANCE = 8, 3.0
"""Of a picture where nothing else is asked (docs/log.md, 2026-12-01)."""

DRAWN_AT_ONCE = 64


class Embed(nn.Module):
    """A convolution that halves the picture, one to the tokens' size, residual ones, averages.

    Convolutions learn far better than patches from few pictures (Xiao et al. 2021, "Early
    Convolutions Help Transformers See Better"). The first, of 6 x 6 places and stride 2, holds
    every one of 5 x 5 whose results are averaged in fours, at a quarter of its cost. Maps lie
    channels-last in memory: all that follows is quickest so, in bf16 most of all.

    Args:
        codec: Gives size and channels.
        dim: Of the tokens.
        width: Channels of the first convolution.
        middle: Channels of the maps of about 16 x 16 places; 0 goes straight to 8 x 8.
        num_middle: Residual blocks at these.
        num_blocks: Residual blocks at about 8 x 8 places.
    """

    def __init__(
        self,
        codec: ImageCodec,
        dim: int,
        *,
        width: int = 32,
        middle: int = 0,
        num_middle: int = 0,
        num_blocks: int = 1,
    ) -> None:
        super().__init__()
        size, _, channel = codec.layout["pixels"].shape
        self.size = min(int(size), MAX_SIDE)
        self.first = nn.Conv2d(int(channel), width, 6, 2, 2)
        self.middle = _Stage(width, middle, num_middle) if middle else None
        self.end = _Stage(middle or width, dim, num_blocks)
        self.norm = ChannelNorm(dim)
        self.offers_map = codec.canvas_px > 0
        self.pyramid = Pyramid(int(channel)) if self.offers_map else None

    def map(self, parts: dict[str, Tensor], present: Bool[Tensor, " batch"]) -> FeatureMap:
        """Return the map of the pictures' canvases, where the codec prepares any."""
        if self.pyramid is None:
            raise ValueError("this column prepares no canvas")
        values = self.pyramid(parts["canvas"])
        return FeatureMap(values, present, parts["frame"], parts["size"])

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        x = parts["pixels"].permute(0, 3, 1, 2).to(self.first.weight.dtype) / 127.5 - 1.0
        if x.shape[-1] > self.size:
            x = F.adaptive_avg_pool2d(x, self.size)
        x = self.first(x)
        if self.middle is not None:
            x = self.middle(x)
        while x.shape[-1] > MIDDLE:
            x = _halved(x)
        x = F.silu(self.norm(self.end(x)))
        while x.shape[-1] > GRID:
            x = _halved(x)
        return grid_tokens(x)


class Generate(nn.Module):
    """Draws pictures by flow matching with a small U-Net, in few steps by a map of that flow.

    Each is drawn from the noise of its row's generator, at temperature 0 too: there is no likeliest
    picture worth seeing.

    Args:
        codec: Gives size, channels, and the scale of pixels.
        dim: Of the tokens; the U-Net has a quarter as many channels, and at least 32.
    """

    num_queries = 2
    most_per_step = 64

    def __init__(self, codec: ImageCodec, dim: int) -> None:
        super().__init__()
        self.codec, self.sizes = codec, _sizes(codec, dim)
        self.flow = Flow(UNet(**self.sizes), dim=dim, num_queries=self.num_queries)
        self.distilled = FlowMap(self.flow, dim=dim) if codec.distilled else None

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the mean squared error of each row's velocity, in units of the pixels' spread."""
        return self.flow.loss(conditions, _values(self, target))

    def begin_distilled(self) -> None:
        """Let the map begin as the flow that was learned."""
        if self.distilled is not None:
            self.distilled.begin(self.flow)

    def distilled_loss(self, conditions: Conditions) -> Float[Tensor, " stretch"]:
        """Return the error of the map over stretches of the flow's ways under these conditions."""
        if self.distilled is None:
            raise ValueError("this head has no map of its flow")
        return self.distilled.loss(self.flow, conditions, _shape(self.codec))

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Draw a picture per row; see `Asked` for what it may begin at, and what stays of it."""
        noise = noise_of(rngs, _shape(self.codec)).to(conditions.pooled.device)
        drawn = [
            self._drawn(conditions.take(some), noise[some], asked) for some in _parts(len(noise))
        ]
        return _pictures(self.codec, torch.cat(drawn))

    def _drawn(self, conditions: Conditions, noise: Tensor, asked: Asked) -> Tensor:
        steps = STEPS if asked.steps is None else asked.steps
        guidance = GUIDANCE if asked.guidance is None else asked.guidance
        quick = self.distilled
        if quick is not None and asked.begin is None and quick.knows(steps, guidance):
            return quick.draw(conditions, noise, steps=steps, guidance=guidance)
        begin, keep = self._begun(asked, noise)
        return self.flow.draw(
            conditions,
            noise,
            steps=steps,
            guidance=guidance,
            begin=begin,
            strength=asked.strength,
            keep=keep,
        )

    def _begun(self, asked: Asked, noise: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return what pictures begin at, of the shape of the noise, and where it stays."""
        if asked.begin is None:
            return None, None
        pixels = torch.from_numpy(np.ascontiguousarray(asked.begin["pixels"]))[None]
        keep = None if asked.keep is None else torch.from_numpy(asked.keep).to(noise.device)
        return _scaled(self.codec, pixels.to(noise.device)).expand_as(noise), keep


class GenerateAtOnce(nn.Module):
    """Draws pictures in one step, by a network that learned against a critic.

    Args:
        codec: Gives size, channels, and the scale of pixels.
        dim: Of the tokens; the finest maps have a quarter as many channels, and at least 32.
    """

    num_queries = 2
    most_per_step = 32
    moving_loss = True
    training_settings: ClassVar[Mapping[str, float]] = {
        "momentum": 0.0, "learning_rate": 1e-3, "muon_rate": 1e-2, "weight_decay": 0.0,
        "muon_decay": 0.0,
    }  # fmt: skip

    def __init__(self, codec: ImageCodec, dim: int) -> None:
        super().__init__()
        self.codec, sizes = codec, _sizes(codec, dim)
        network, critic = Widening(latent=LATENT, **sizes), Critic(**sizes)
        self.pair = Adversarial(network, critic, dim=dim, num_queries=self.num_queries)

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the losses of both networks, added; see `Adversarial.loss`."""
        return self.pair.loss(conditions, _values(self, target))

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Draw a picture per row from its generator's noise, whatever the temperature."""
        latent = noise_of(rngs, (LATENT,)).to(conditions.pooled.device)
        drawn = [
            self.pair.draw(conditions.take(some), latent[some]) for some in _parts(len(latent))
        ]
        return _pictures(self.codec, torch.cat(drawn))


GENERATORS = {"flow": Generate, "gan": GenerateAtOnce}
"""What makes pictures, by the codec's `generator`."""


def _sizes(codec: ImageCodec, dim: int) -> dict[str, int]:
    """Return the sizes of a network that makes pictures, or judges them."""
    channels, size, _ = _shape(codec)
    patch, width = -(-size // FINEST), max(LEAST_WIDTH, dim // 4)
    return {"channels": channels, "size": size, "patch": patch, "dim": dim, "width": width}


def _shape(codec: ImageCodec) -> tuple[int, int, int]:
    size, _, channels = codec.layout["pixels"].shape
    return int(channels), int(size), int(size)


def _values(
    head: Generate | GenerateAtOnce, target: ColumnBatch
) -> Float[Tensor, "batch channel height width"]:
    """Return the pictures as values; in training, where mirror images have the same meaning, half
    of them are mirrored."""
    values = _scaled(head.codec, target.parts["pixels"])
    if head.training and head.codec.flip:
        turned = torch.rand(len(values), device=values.device) < 0.5
        values = torch.where(turned[:, None, None, None], values.flip(-1), values)
    return values


def _scaled(codec: ImageCodec, pixels: Tensor) -> Float[Tensor, "batch channel height width"]:
    """Return pixels ``[batch, height, width, channel]`` with mean about 0 and variance 1."""
    return (pixels.permute(0, 3, 1, 2).float() - codec.level) / codec.spread


def _pictures(codec: ImageCodec, values: Tensor) -> list[Arrays]:
    """Return values as pixels."""
    shades = values.permute(0, 2, 3, 1) * codec.spread + codec.level
    pixels = shades.round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return [{"pixels": np.ascontiguousarray(one)} for one in pixels]


def _parts(num: int) -> list[slice]:
    """Return the rows that are drawn together."""
    return [slice(at, at + DRAWN_AT_ONCE) for at in range(0, num, DRAWN_AT_ONCE)]


class _Stage(nn.Module):
    """A convolution from one number of channels to another, and residual blocks."""

    def __init__(self, dim_in: int, dim_out: int, num_blocks: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(dim_in)
        self.widen = nn.Conv2d(dim_in, dim_out, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(*(ConvBlock(dim_out) for _ in range(num_blocks)))

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim2 height width"]:
        found: Tensor = self.blocks(self.widen(F.silu(self.norm(x))))
        return found


def _halved(maps: Float[Tensor, "batch dim height width"]) -> Tensor:
    """Average pairs along both axes, rounding up."""
    return F.avg_pool2d(maps, 2, ceil_mode=True)
