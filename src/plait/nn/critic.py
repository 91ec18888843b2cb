"""A critic of pictures: convolutions without norms that end at a score under conditions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

COARSEST = 4
"""Places along each side where maps are not halved again."""

SLOPE = 0.2


class Critic(nn.Module):
    """From a picture and a vector to a score (a projection discriminator: Miyato and Koyama 2018).

    Without norms, which would take the size of slopes from the critic, blocks begin at zero (Zhang
    et al. 2019, "Fixup Initialization", as in Huang et al. 2024).

    Args:
        channels: Of the picture.
        size: Its height and width.
        patch: Side of the squares of pixels that are one place of the finest maps.
        dim: Of the vector.
        width: Channels of the finest maps; each coarser has twice as many, at most four times.
        depth: Blocks at each resolution.
    """

    def __init__(
        self, *, channels: int, size: int, patch: int, dim: int, width: int, depth: int = 1
    ) -> None:
        super().__init__()
        self.size, self.patch = size, patch
        side, wide = -(-size // patch), width
        self.first = nn.Conv2d(channels * patch**2, width, 3, padding=1)
        stages: list[nn.Module] = [CriticBlock(width) for _ in range(depth)]
        while side > COARSEST:
            wider = min(2 * wide, 4 * width)
            stages += [_Halved(wide, wider), *(CriticBlock(wider) for _ in range(depth))]
            side, wide = -(-side // 2), wider
        self.stages = nn.Sequential(*stages)
        self.gather = nn.Linear(wide * side**2, dim)
        self.told = nn.Linear(dim, dim, bias=False)
        self.head = nn.Linear(dim, 1)

    def forward(
        self, x: Float[Tensor, "batch channel height width"], told: Float[Tensor, "batch dim"]
    ) -> Float[Tensor, " batch"]:
        side = -(-self.size // self.patch) * self.patch
        x = F.pad(x, (0, side - self.size, 0, side - self.size))
        x = F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last)
        x = self.stages(self.first(x))
        x = self.gather(F.leaky_relu(x, SLOPE).flatten(1))
        score = self.head(F.leaky_relu(x, SLOPE))[:, 0]
        return (score + (x * self.told(told)).mean(1)).float()


class CriticBlock(nn.Module):
    """A residual block: two convolutions before each of which values are rectified.

    Args:
        width: Channels before and after.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(
        self, x: Float[Tensor, "batch width height width2"]
    ) -> Float[Tensor, "batch width height width2"]:
        y = self.conv1(F.leaky_relu(x, SLOPE))
        return x + self.conv2(F.leaky_relu(y, SLOPE))


class _Halved(nn.Module):
    """Pairs along both axes averaged, and other channels."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(dim_in, dim_out, 1, bias=False)

    def forward(
        self, x: Float[Tensor, "batch dim height width"]
    ) -> Float[Tensor, "batch dim2 height2 width2"]:
        return self.widen(F.avg_pool2d(x, 2, ceil_mode=True))
