"""Pictures drawn: by a flow from noise, of pixels or of codes; or at once, taught by a critic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.modalities.image.codec import ImageCodec
from plait.modalities.image.sizes import LARGEST_PX
from plait.modalities.target import Asked
from plait.nn.adversarial import LATENT, Adversarial
from plait.nn.autoencoder import Autoencoder
from plait.nn.conditions import Conditions
from plait.nn.critic import Critic
from plait.nn.flow_map import FlowMap
from plait.nn.flow_matching import Flow, noise_of
from plait.nn.unet import UNet
from plait.nn.widening import Widening
from plait.types import Arrays, ColumnBatch

FINEST = 16
"""Places along each side of a drawn picture, at most; squares of pixels make larger ones fit."""

FINEST_CODES, CODES = 32, 8
"""Places along each side of the codes that larger ones are drawn as, at most; and numbers of each
place where it is of 4 x 4 pixels."""

LEAST_WIDTH = 32

STEPS, GUIDANCE = 8, 3.0
"""Of a picture where nothing else is asked (docs/log.md, 2026-12-01)."""

DRAWN_AT_ONCE = 64


class Generate(nn.Module):
    """Draws pictures by flow matching with a small U-Net, in few steps by a map of that flow.

    Each is drawn from the noise of its row's generator, at temperature 0 too: there is no likeliest
    picture worth seeing. Pictures of more than 64 pixels a side are drawn as codes of an
    autoencoder (`coded`), which learns first.

    Args:
        codec: Gives size, channels, and the scale of pixels.
        dim: Of the tokens; the U-Net has a quarter as many channels, and at least 32.
    """

    num_queries = 2
    most_per_step = 64

    def __init__(self, codec: ImageCodec, dim: int) -> None:
        super().__init__()
        self.codec, self.coded = codec, _autoencoder(codec)
        self.shape = _shape(codec)
        if self.coded is not None:
            self.shape = (self.coded.codes, self.coded.side, self.coded.side)
        self.sizes = _sizes(self.shape, dim)
        self.flow = Flow(UNet(**self.sizes), dim=dim, num_queries=self.num_queries)
        self.distilled = FlowMap(self.flow, dim=dim) if codec.distilled else None

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the mean squared error of each row's velocity, in units of the spread of what is
        drawn: of pixels, or of codes."""
        values = _values(self, target)
        if self.coded is not None:
            with torch.no_grad():
                values = self.coded.encode(values)
        return self.flow.loss(conditions, values)

    def coded_loss(self, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return what the codes of each picture lack."""
        if self.coded is None:
            raise ValueError("this head draws pixels")
        return self.coded.losses(_values(self, target))

    def settle_codes(self, held: Iterable[ColumnBatch]) -> float:
        """Scale codes by pictures; return the share of the pictures' variance that they lose."""
        if self.coded is None:
            raise ValueError("this head draws pixels")
        return self.coded.settle(_values(self, one)[one.present] for one in held)

    def begin_distilled(self) -> None:
        """Let the map begin as the flow that was learned."""
        if self.distilled is not None:
            self.distilled.begin(self.flow)

    def distilled_loss(self, conditions: Conditions) -> Float[Tensor, " stretch"]:
        """Return the error of the map over stretches of the flow's ways under these conditions."""
        if self.distilled is None:
            raise ValueError("this head has no map of its flow")
        return self.distilled.loss(self.flow, conditions, self.shape)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Draw a picture per row; see `Asked` for what it may begin at, and what stays of it."""
        noise = noise_of(rngs, self.shape).to(conditions.pooled.device)
        drawn = [
            self._drawn(conditions.take(some), noise[some], asked) for some in _parts(len(noise))
        ]
        return _pictures(self.codec, torch.cat(drawn))

    def _drawn(self, conditions: Conditions, noise: Tensor, asked: Asked) -> Tensor:
        """Return pictures as values, drawn as they are or as codes."""
        if self.coded is None:
            return self._flowed(conditions, noise, asked, *_begun(self.codec, asked, noise))
        begin, keep = _begun(self.codec, asked, noise)
        if begin is None:
            return self.coded.decode(self._flowed(conditions, noise, asked))
        codes, places = self.coded.encode(begin), None
        if keep is not None:
            places = self.coded.whole(keep)
        found = self.coded.decode(self._flowed(conditions, noise, asked, codes, places))
        return found if keep is None else torch.where(keep, begin, found)

    def _flowed(
        self,
        conditions: Conditions,
        noise: Tensor,
        asked: Asked,
        begin: Tensor | None = None,
        keep: Tensor | None = None,
    ) -> Tensor:
        steps = STEPS if asked.steps is None else asked.steps
        guidance = GUIDANCE if asked.guidance is None else asked.guidance
        quick = self.distilled
        if quick is not None and asked.begin is None and quick.knows(steps, guidance):
            return quick.draw(conditions, noise, steps=steps, guidance=guidance)
        return self.flow.draw(
            conditions,
            noise,
            steps=steps,
            guidance=guidance,
            begin=begin,
            strength=asked.strength,
            keep=keep,
        )


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
        self.codec, sizes = codec, _sizes(_shape(codec), dim)
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


def _autoencoder(codec: ImageCodec) -> Autoencoder | None:
    """Return what turns pictures into codes and back; None where pixels are drawn."""
    channels, size, _ = _shape(codec)
    if size <= LARGEST_PX:
        return None
    halvings = 2
    while -(-size // 2**halvings) > FINEST_CODES:
        halvings += 1
    codes = CODES * 2 ** (halvings - 2)
    return Autoencoder(channels=channels, size=size, halvings=halvings, codes=codes)


def _begun(codec: ImageCodec, asked: Asked, noise: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return what pictures begin at as values, one for each row, and where it stays."""
    if asked.begin is None:
        return None, None
    pixels = torch.from_numpy(np.ascontiguousarray(asked.begin["pixels"]))[None]
    keep = None if asked.keep is None else torch.from_numpy(asked.keep).to(noise.device)
    begin = _scaled(codec, pixels.to(noise.device))
    return begin.expand(len(noise), -1, -1, -1), keep


def _sizes(shape: tuple[int, int, int], dim: int) -> dict[str, int]:
    """Return the sizes of a network that makes pictures or codes, or judges them."""
    channels, size, _ = shape
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
