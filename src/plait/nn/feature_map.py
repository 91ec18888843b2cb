"""Feature maps: what a picture's stem offers to decoders that must know where things are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Num
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import ChannelNorm, ConvBlock

STRIDE = 8
"""Pixels of a canvas, along each side, to a place of its map."""

FINE = (24, 48)
"""Channels of the maps that are half and a quarter of the canvas along each side: convolutions
alone, for norms and blocks cost most where places are many."""

WIDTHS, BLOCKS = (80, 128, 160), (1, 2, 1)
"""Channels of the coarser maps, an eighth and less, and their residual blocks."""

MAP_DIM = 64
"""Channels of a map, whatever the size of tokens: there are a thousand places and more."""


class FeatureMap(NamedTuple):
    """Features of a batch of canvases, on each of which a picture lies.

    Attributes:
        values: At each place; zeros where the row has no picture.
        present: Whether it has one.
        frame: Where the picture lies: what takes its own coordinates, 0 to 1 from its left to its
            right and from its top to its bottom, to those of the canvas.
        size: The picture's own width and height in pixels.
    """

    values: Float[Tensor, "batch dim height width"]
    present: Bool[Tensor, " batch"]
    frame: Float[Tensor, "batch 2 3"]
    size: Float[Tensor, "batch 2"]


class Pyramid(nn.Module):
    """A map of an eighth of a canvas's sides, which also knows what surrounds each place.

    Convolutions halve the canvas five times; from the coarsest map on, what they know is laid,
    enlarged, over the finer ones up to an eighth (Lin et al. 2017, "Feature Pyramid Networks").
    Each place also sees the four of the quarter map that lie in it: where edges are exactly.

    Args:
        num_channels: Of the canvas.
        dim: Channels of the map.
    """

    def __init__(self, num_channels: int, dim: int = MAP_DIM) -> None:
        super().__init__()
        self.first = nn.Conv2d(num_channels, FINE[0], 6, 2, 2)
        self.second = nn.Conv2d(FINE[0], FINE[1], 3, 2, 1)
        self.stages = nn.ModuleList(
            _Stage(before, after, num)
            for before, after, num in zip((FINE[1], *WIDTHS), WIDTHS, BLOCKS, strict=False)
        )
        self.sides = nn.ModuleList(_Side(width, dim) for width in WIDTHS)
        self.edges = _Side(4 * FINE[1], dim)

    def forward(
        self, canvas: Num[Tensor, "batch height width channel"]
    ) -> Float[Tensor, "batch dim height2 width2"]:
        """Return the map of canvases of values from 0 to 255."""
        x = canvas.permute(0, 3, 1, 2).to(self.first.weight.dtype) / 127.5 - 1.0
        x, found = self.second(F.silu(self.first(x))), list[Tensor]()
        edges = self.edges(F.pixel_unshuffle(x, 2))
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        laid: Tensor = self.sides[-1](found[-1])
        for side, fine in zip(reversed(self.sides[:-1]), reversed(found[:-1]), strict=True):
            laid = side(fine) + F.interpolate(laid, size=fine.shape[-2:], mode="nearest")
        return laid + edges


class _Stage(nn.Module):
    """A convolution that halves a map, and residual blocks."""

    def __init__(self, dim_in: int, dim_out: int, num_blocks: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(dim_in)
        self.halve = nn.Conv2d(dim_in, dim_out, 3, 2, 1, bias=False)
        self.blocks = nn.Sequential(*(ConvBlock(dim_out) for _ in range(num_blocks)))

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim2 height2 width2"]:
        found: Tensor = self.blocks(self.halve(F.silu(self.norm(x))))
        return found


class _Side(nn.Module):
    """One map brought to the channels of all."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(dim_in)
        self.out = nn.Conv2d(dim_in, dim_out, 1)

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim2 height width"]:
        found: Tensor = self.out(self.norm(x))
        return found


class MapPool(nn.Module):
    """One map of those of several columns: their mean, weighed by what each is worth.

    A row's picture is that of the first column that it has; the others' maps are enlarged or
    shrunk to the size of the first column's.

    Args:
        num_columns: How many columns offer a map.
    """

    def __init__(self, num_columns: int) -> None:
        super().__init__()
        self.worth = nn.Parameter(torch.zeros(num_columns))

    def forward(self, maps: list[FeatureMap]) -> FeatureMap:
        present = torch.stack([one.present for one in maps], 1)
        first = maps[0]
        if len(maps) == 1:
            values = first.values * present[:, 0, None, None, None]
            return _whole(first._replace(values=values))
        logits = self.worth.masked_fill(~present, float("-inf"))
        shares = torch.where(present, logits.softmax(1).nan_to_num(), 0.0)
        parts = [
            _sized(one.values, first.values) * shares[:, place, None, None, None]
            for place, one in enumerate(maps)
        ]
        values = torch.stack(parts).sum(0)
        which = present.float().argmax(1)
        rows = torch.arange(len(which), device=which.device)
        frame = torch.stack([one.frame for one in maps], 1)[rows, which]
        size = torch.stack([one.size for one in maps], 1)[rows, which]
        return _whole(FeatureMap(values, present.any(1), frame, size))


def _whole(found: FeatureMap) -> FeatureMap:
    """Return the map with rows without a picture as if one of unknown size filled their canvas."""
    frame = torch.eye(2, 3, device=found.frame.device, dtype=found.frame.dtype)
    there = found.present
    return found._replace(
        frame=torch.where(there[:, None, None], found.frame, frame),
        size=torch.where(there[:, None], found.size, 0.0),
    )


def _sized(values: Tensor, like: Tensor) -> Tensor:
    if values.shape[-2:] == like.shape[-2:]:
        return values
    return F.interpolate(values, size=like.shape[-2:], mode="bilinear", align_corners=False)
