"""Lines in time: what a sound's stem offers to decoders that must know what was when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import LineConv, SequenceConv
from plait.nn.tokens import length_mask

LINE_DIM, NUM_BLOCKS = 128, 4
"""Numbers of a place, whatever the size of tokens; and residual pairs of convolutions."""

LEAST_SPREAD = 0.1
"""Added to a sequence's own: silence is not made loud."""


class TimeLine(NamedTuple):
    """Features of a batch of sequences in time, place by place.

    Attributes:
        values: At each place; zeros behind a row's last one, and where the row has none.
        num_places: How many are real; at least 1.
        present: Whether the row has a line.
    """

    values: Float[Tensor, "batch place dim"]
    num_places: Int[Tensor, " batch"]
    present: Bool[Tensor, " batch"]


def first_line(lines: Sequence[TimeLine]) -> TimeLine:
    """Return one line of those of several columns: of each row that of the first that it has.

    Two columns have no time in common: there is nothing to add up.

    Args:
        lines: One or more, of the same rows.
    """
    longest = max(one.values.shape[1] for one in lines)
    found = lines[-1]
    values = _long(found.values * found.present[:, None, None], longest)
    num, present = torch.where(found.present, found.num_places, 1), found.present
    for one in reversed(lines[:-1]):
        own = one.present
        values = torch.where(own[:, None, None], _long(one.values, longest), values)
        num, present = torch.where(own, one.num_places, num), own | present
    return TimeLine(values, num, present)


def _long(values: Tensor, num_places: int) -> Tensor:
    return F.pad(values, (0, 0, 0, num_places - values.shape[1]))


class LineBlocks(nn.Module):
    """Residual pairs of convolutions along a line, after which a place knows about a second of it.

    Places behind a line's end change nothing, and are zero.

    Args:
        dim: Of a place.
        num_blocks: Pairs.
        dropout: Of what each adds, in training.
    """

    def __init__(self, dim: int, *, num_blocks: int = NUM_BLOCKS, dropout: float = 0.1) -> None:
        super().__init__()
        self.before = nn.ModuleList(SequenceConv(dim, dim) for _ in range(num_blocks))
        self.after = nn.ModuleList(SequenceConv(dim, dim, silent=True) for _ in range(num_blocks))
        self.dropout = nn.Dropout(dropout)

    def passed(
        self, x: Float[Tensor, "batch place dim"], num: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch place dim"]:
        """Return what places know of each other, of which `num` are real in each row."""
        real = _real(num, x)
        for before, after in zip(self.before, self.after, strict=True):
            x = x + self.dropout(after(before(x, real), real))
        return x * real


class LineStem(LineBlocks):
    """Makes a line of what is heard: a place for four steps, each of which sees about a second.

    Level and colour of a voice or a microphone are taken out first: each channel's mean over the
    sequence, and the spread of all. Then two convolutions, each of which halves the time, and
    residual pairs of convolutions. Steps behind a sequence's end change nothing.

    Args:
        num_channels: Of a step.
        dim: Of a place.
        num_blocks: Residual pairs.
        dropout: Of what each adds, in training.
    """

    def __init__(
        self,
        num_channels: int,
        dim: int = LINE_DIM,
        *,
        num_blocks: int = NUM_BLOCKS,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(dim, num_blocks=num_blocks, dropout=dropout)
        self.first = LineConv(num_channels, dim, 5, 2, 2)
        self.halve = SequenceConv(dim, dim, stride=2)

    def forward(
        self, steps: Float[Tensor, "batch step channel"], num_steps: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch place dim"], Int[Tensor, " batch"]]:
        """Return places, and how many are real of each row: a fourth of its steps, rounded up."""
        x = _levelled(steps.to(self.first.weight.dtype), _real(num_steps, steps))
        x, num = self.first(x.transpose(1, 2)).transpose(1, 2), (num_steps + 1) // 2
        x, num = self.halve(x, _real(num, x)), (num + 1) // 2
        return self.passed(x, num), num


def _levelled(steps: Tensor, real: Tensor) -> Tensor:
    """Return steps whose channels have mean 0 over their own sequence, and all of them spread 1."""
    num = real.sum(1, keepdim=True)
    steps = (steps - (steps * real).sum(1, keepdim=True) / num) * real
    spread = (steps.square().mean(2, keepdim=True).sum(1, keepdim=True) / num).sqrt()
    return steps / (spread + LEAST_SPREAD)


def _real(num: Tensor, x: Tensor) -> Tensor:
    return length_mask(num, x.shape[1])[..., None].to(x.dtype)
