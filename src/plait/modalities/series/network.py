"""Series as tokens: convolutions along time, halving it to about 32 tokens; and series drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.modalities.series.codec import SeriesCodec
from plait.modalities.target import Asked
from plait.nn.conditions import Conditions
from plait.nn.conv import LineConv, SequenceConv
from plait.nn.drawing import Drawn, SequenceDecoder
from plait.nn.low_rank_gaussian import negative_log_likelihood
from plait.nn.tokens import Tokens, length_mask, line_positions
from plait.types import Arrays, ColumnBatch

MAX_TOKENS = 32
PATCH, MAX_PATCHES = 8, 64
"""Steps that a token draws, more where there would be more tokens than so many."""

LEAST_LENGTH_SCALE = -6.0


class Embed(nn.Module):
    """One token of level, spread and length, then the stem's tokens along time.

    The stem sees each channel twice: on the column's scale and normalised by its own mean and
    spread; and, where series have gaps, which places were observed.

    Args:
        codec: Gives channels and the usual length, hence the number of halvings.
        dim: Of the tokens.
        num_blocks: Residual convolutions after each halving, of dilations 1, 2, 4, ...
    """

    def __init__(self, codec: SeriesCodec, dim: int, *, num_blocks: int = 1) -> None:
        super().__init__()
        num_channels = max(codec.num_channels, 1)
        num_halvings = 0
        while codec.num_steps > MAX_TOKENS * 2**num_halvings:
            num_halvings += 1
        views = (3 if codec.gaps else 2) * num_channels
        self.num_blocks = num_blocks
        self.strides = [2] * num_halvings or [1]
        self.first = LineConv(views, dim, 9, self.strides[0], 4)
        self.halvings = nn.ModuleList(
            SequenceConv(dim, dim, kernel=7, stride=stride) for stride in self.strides[1:]
        )
        self.blocks = nn.ModuleList(
            SequenceConv(dim, dim, dilation=2**i, silent=True)
            for _ in self.strides
            for i in range(num_blocks)
        )
        self.level = nn.Linear(2 * num_channels + 1, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        values, moments, num_steps = parts["values"], parts["moments"], lengths["time"]
        mask = length_mask(num_steps, values.shape[1])[..., None].to(self.first.weight.dtype)
        views = _views(parts).to(mask.dtype) * mask.transpose(1, 2)
        x = self.first(views).transpose(1, 2)
        for place, stride in enumerate(self.strides):
            if place:
                x = self.halvings[place - 1](x, mask)
            mask = mask[:, ::stride]
            for block in self.blocks[place * self.num_blocks : (place + 1) * self.num_blocks]:
                x = x + block(x, mask)
        tokens = line_positions(x * mask, mask[..., 0].sum(-1).long())
        length = num_steps.float().log()[:, None]
        summary = torch.cat([moments.clamp(-8, 8).flatten(1), length], dim=1)
        return _put_first(self.level(summary.to(x.dtype)), tokens)


def _views(parts: dict[str, Tensor]) -> Float[Tensor, "batch view time"]:
    values, moments = parts["values"], parts["moments"]
    mean, spread = moments[:, None, :, 0], moments[:, None, :, 1].exp()
    views = [values.clamp(-8, 8), ((values - mean) / spread).clamp(-8, 8)]
    if "seen" in parts:
        views.append(parts["seen"].to(values.dtype))
    return torch.cat(views, dim=-1).transpose(1, 2)


def _put_first(token: Float[Tensor, "batch dim"], tokens: Tokens) -> Tokens:
    real: Bool[Tensor, "batch 1"] = torch.ones_like(tokens.mask[:, :1])
    return Tokens(
        torch.cat([token[:, None].to(tokens.values.dtype), tokens.values], dim=1),
        torch.cat([real, tokens.mask], dim=1),
        torch.cat([torch.zeros_like(tokens.positions[:, :1]), tokens.positions], dim=1),
    )


class Generate(nn.Module):
    """Draws a series: how long it is, and a Gaussian over all of its steps and channels.

    Its mean begins at the linear map's, where that is told, and what it lacks is learned.

    Args:
        codec: Gives channels and lengths.
        dim: Of the tokens.
    """

    num_queries = 2

    def __init__(self, codec: SeriesCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        patch = max(PATCH, -(-codec.num_steps // MAX_PATCHES))
        self.decoder = SequenceDecoder(
            dim=dim, num_channels=max(codec.num_channels, 1), patch=patch
        )
        self.length = nn.Linear(self.num_queries * dim, 2)
        nn.init.zeros_(self.length.weight)
        nn.init.zeros_(self.length.bias)

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of each series, in nats: of its steps, and its length.

        The mean learns by its squared error alone, as if the spread were 1; see `SequenceDecoder`.
        """
        values, num_steps = target.parts["values"].float(), target.lengths["time"]
        drawn = self._drawn(conditions, num_steps)
        known = length_mask(num_steps, values.shape[1])[..., None].expand_as(values).float()
        if "seen" in target.parts:
            known = known * target.parts["seen"].float()
        gap = torch.where(known > 0, values - drawn.mean, 0.0)
        losses = negative_log_likelihood(
            gap.detach().flatten(1),
            drawn.log_scale.flatten(1),
            drawn.shapes.flatten(1, 2),
            known.flatten(1),
        )
        squares = 0.5 * gap.flatten(1).square().sum(1)
        losses = losses + squares - squares.detach()
        return losses if self._fixed else losses + self._length_loss(conditions, num_steps)

    def _drawn(self, conditions: Conditions, num_steps: Int[Tensor, " batch"]) -> Drawn:
        """Return what is known of the steps of each row."""
        drawn: Drawn = self.decoder(conditions, num_steps)
        if conditions.start is None:
            return drawn
        return drawn._replace(mean=drawn.mean + _stretched(conditions.start, drawn.mean.shape[1]))

    @torch.no_grad()
    def settle(self, held: Iterable[tuple[Conditions, ColumnBatch]]) -> None:
        """Keep so much of what was learned beside the start as rows held out say, in [0, 1].

        That is the share of least squared error, ``<truth - start, added> / <added, added>``: by
        steps that say nothing new, a network draws no worse than what it began at.
        """
        told = added = 0.0
        for conditions, target in held:
            if conditions.start is None:
                return
            values, num_steps = target.parts["values"].double(), target.lengths["time"]
            known = length_mask(num_steps, values.shape[1])[..., None].expand_as(values).double()
            if "seen" in target.parts:
                known = known * target.parts["seen"]
            begun = _stretched(conditions.start, values.shape[1]).double()
            moved = (self._drawn(conditions, num_steps).mean.double() - begun) * known
            told += float((moved * (values - begun)).sum())
            added += float(moved.square().sum())
        share = min(max(told / added, 0.0), 1.0) if added > 0 else 1.0
        for one in self.decoder.head["mean"].parameters():
            one.mul_(share)

    @property
    def _fixed(self) -> bool:
        """Whether all series of training are of one length."""
        return self.codec.least_steps == self.codec.num_steps

    def _length_loss(self, conditions: Conditions, num_steps: Tensor) -> Tensor:
        """Return minus the log-likelihood of the logarithm of a length under a Gaussian."""
        mean, log_scale = self._length(conditions)
        gap = (num_steps.float().log() - mean) * torch.exp(-log_scale)
        return 0.5 * gap**2 + log_scale + 0.5 * math.log(2 * math.pi)

    def _length(self, conditions: Conditions) -> tuple[Tensor, Tensor]:
        """Return mean and log spread of the logarithm of the length; it starts at the usual one."""
        told = self.length(conditions.pooled.flatten(1)).float()
        usual = math.log(max(self.codec.least_steps + self.codec.num_steps, 2) / 2)
        return told[:, 0] + usual, told[:, 1].clamp(min=LEAST_LENGTH_SCALE)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Draw a series per row: its mean, or one that varies as those of training do."""
        num_steps = self._lengths(conditions, rngs, asked)
        lengths = torch.from_numpy(num_steps).to(conditions.pooled.device)
        drawn = [one.double().cpu().numpy() for one in self._drawn(conditions, lengths)]
        found = []
        for row, (num, rng) in enumerate(zip(num_steps, rngs, strict=True)):
            mean, log_scale, shapes = (one[row, :num] for one in drawn)
            if asked.temperature > 0:
                noise = np.exp(log_scale) * rng.normal(size=mean.shape)
                noise += shapes @ rng.normal(size=shapes.shape[-1])
                mean = mean + asked.temperature * noise
            found.append(self.codec.made(mean.astype(np.float32)))
        return found

    def _lengths(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> np.ndarray:
        """Return how long each series is to be, int64 ``[row]``."""
        if self._fixed:
            return np.full(len(rngs), self.codec.num_steps, np.int64)
        mean, log_scale = (one.double().cpu().numpy() for one in self._length(conditions))
        if asked.temperature > 0:
            noise = np.array([rng.normal() for rng in rngs])
            mean = mean + asked.temperature * np.exp(log_scale) * noise
        most = min(2 * self.codec.num_steps, self.codec.max_steps)
        return np.exp(mean).round().clip(1, most).astype(np.int64)


def _stretched(start: ColumnBatch, num_steps: int) -> Float[Tensor, "batch step channel"]:
    """Return series of so many steps, the last one again behind their end."""
    values, last = start.parts["values"].float(), start.lengths["time"] - 1
    places = torch.arange(num_steps, device=values.device).expand(len(values), -1)
    places = torch.minimum(places, last[:, None].to(places))
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))
