"""Pictures as maps of few numbers, and back: what larger ones are drawn as."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import ChannelNorm, ConvBlock

NOISE = 0.1
"""Spread of what is added to codes in training: what is drawn is never quite a code."""

LARGEST = 3.0
"""Code, in size: within that, noise is as loud for all."""


class Autoencoder(nn.Module):
    """Convolutions from pictures to codes and back, with noise on the codes between.

    No distribution of codes is asked for (as in Rombach et al. 2022, "High-Resolution Image
    Synthesis with Latent Diffusion Models", without the divergence): they are bounded, noise keeps
    near codes alike, and what is drawn has the mean and spread of each channel taken out.

    Args:
        channels: Of the picture.
        size: Its height and width.
        halvings: Of height and width, from pixels to codes; 1 or more.
        codes: Channels of the codes.
        width: Channels at half of the size; of each halving more twice as many.
    """

    level: Tensor
    spread: Tensor

    def __init__(
        self, *, channels: int, size: int, halvings: int, codes: int, width: int = 24
    ) -> None:
        super().__init__()
        self.size, self.codes, self.factor = size, codes, 2**halvings
        self.side = -(-size // self.factor)
        widths = [width * 2**number for number in range(halvings)]
        pairs = list(zip(widths[:-1], widths[1:], strict=True))
        self.down = nn.ModuleDict({"first": nn.Conv2d(4 * channels, width, 3, padding=1)})
        self.halvings = nn.ModuleList(
            nn.Sequential(ConvBlock(one), nn.Conv2d(one, other, 3, 2, 1)) for one, other in pairs
        )
        self.narrow = _Answer(widths[-1], codes)
        self.up = nn.ModuleDict({"first": nn.Conv2d(codes, widths[-1], 3, padding=1)})
        self.doublings = nn.ModuleList(
            nn.Sequential(
                ConvBlock(other), nn.Upsample(scale_factor=2), nn.Conv2d(other, one, 3, padding=1)
            )
            for one, other in reversed(pairs)
        )
        self.paint = _Answer(width, 4 * channels)
        self.register_buffer("level", torch.zeros(codes, 1, 1))
        self.register_buffer("spread", torch.ones(codes, 1, 1))

    def encode(
        self, pictures: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch code side side"]:
        """Return the codes of pictures; once settled, of mean about 0 and variance 1."""
        return (self._codes(pictures) - self.level) / self.spread

    def decode(
        self, codes: Float[Tensor, "batch code side side"]
    ) -> Float[Tensor, "batch channel height width"]:
        """Return the pictures of codes."""
        return self._painted(codes * self.spread + self.level)

    def whole(self, kept: Bool[Tensor, "height width"]) -> Bool[Tensor, "side side2"]:
        """Return which codes are of places that are all kept."""
        more = self.side * self.factor - self.size
        open_ = F.pad((~kept).float()[None, None], (0, more, 0, more))
        return F.max_pool2d(open_, self.factor)[0, 0] == 0

    def losses(
        self, pictures: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, " batch"]:
        """Return how far pictures are from what their codes, with noise in training, are painted
        as: mean squared and mean absolute error, added."""
        codes = self._codes(pictures)
        if self.training:
            codes = codes + NOISE * torch.randn_like(codes)
        off = (self._painted(codes).float() - pictures).flatten(1)
        return off.square().mean(1) + off.abs().mean(1)

    @torch.no_grad()
    def settle(self, held: Iterable[Float[Tensor, "batch channel height width"]]) -> float:
        """Take mean and spread out of the codes, by these pictures; return the share of their
        variance around each one's mean shade that is lost from picture to code to picture."""
        pictures = torch.cat(list(held))
        codes = self._codes(pictures)
        self.level.copy_(codes.mean((0, 2, 3))[:, None, None])
        self.spread.copy_(codes.std((0, 2, 3)).clamp(min=1e-3)[:, None, None])
        lost = (self._painted(codes).float() - pictures).square().sum()
        held_in = (pictures - pictures.mean((1, 2, 3), keepdim=True)).square().sum()
        return float(lost / held_in.clamp(min=1e-9))

    def _codes(self, pictures: Tensor) -> Tensor:
        more = self.side * self.factor - self.size
        x = F.pad(pictures, (0, more, 0, more), mode="replicate") if more else pictures
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        x = self.down["first"](x)
        for halved in self.halvings:
            x = halved(x)
        return LARGEST * torch.tanh(self.narrow(x).float() / LARGEST)

    def _painted(self, codes: Tensor) -> Tensor:
        x = self.up["first"](codes.contiguous(memory_format=torch.channels_last))
        for doubled in self.doublings:
            x = doubled(x)
        return F.pixel_shuffle(self.paint(x), 2)[..., : self.size, : self.size]


class _Answer(nn.Module):
    """A residual block, and what the map says at the end."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.block, self.norm = ConvBlock(width), ChannelNorm(width)
        self.head = nn.Conv2d(width, channels, 3, padding=1)

    def forward(
        self, x: Float[Tensor, "batch width height width2"]
    ) -> Float[Tensor, "batch channel height width2"]:
        found: Tensor = self.head(F.silu(self.norm(self.block(x))))
        return found
