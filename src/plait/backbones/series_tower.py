"""The tower of models of time series: each channel by itself, its states pooled over time."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.backbones.series import SeriesPreparation
from plait.backbones.series_readers import Reader
from plait.backbones.towers import TowerOutput, mean_of_real
from plait.nn.tokens import average_spans

CHANNELS_AT_ONCE = 16
"""Channels of series that a model sees together; a batch of rows may hold many more."""

NUM_SPANS = 64
"""Local vectors that are kept of each channel: means of spans of its places."""


class Pooled(NamedTuple):
    """What is kept of the states of some channels.

    Attributes:
        mean, last: Over all places, and of the latest one.
        spans: Means of spans of places.
        counts: How many of the spans are real.
    """

    mean: Float[Tensor, "row dim"]
    last: Float[Tensor, "row dim"]
    spans: Float[Tensor, "row span dim"]
    counts: Int[Tensor, " row"]


class SeriesTower(nn.Module):
    """A model of series: the parts ``values`` and ``scale``, with lengths of ``time``.

    A channel's pooled numbers are the mean of its states, the last one, and its scale; local ones
    are a span's mean, how that changed since the span before, and the scale again. Channels follow
    one another, or are told by their mean and spread where there are too many.

    Args:
        model: Loaded.
        read: How it is asked.
        preparation: Fitted to the column.
    """

    def __init__(self, model: nn.Module, read: Reader, preparation: SeriesPreparation) -> None:
        super().__init__()
        self.model, self.read, self.preparation = model, read, preparation

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> TowerOutput:
        values, scale = parts["values"].float(), parts["scale"].float()
        shape = values.shape[0], values.shape[2]
        lines = values.transpose(1, 2).flatten(0, 1)
        counts = lengths["time"].repeat_interleave(shape[1])
        pairs = zip(lines.split(CHANNELS_AT_ONCE), counts.split(CHANNELS_AT_ONCE), strict=True)
        found = [self._pooled(*pair) for pair in pairs]
        mean, last, spans, nums = (torch.cat(one) for one in zip(*found, strict=True))
        whole = torch.cat([mean, last], dim=1).unflatten(0, shape)
        spans = spans.unflatten(0, shape)
        changes = F.pad(spans.diff(dim=2), (0, 0, 1, 0))
        told = scale[:, :, None].expand(-1, -1, spans.shape[2], -1)
        pooled = self._joined(torch.cat([whole, scale], dim=2)[:, :, None])
        hidden = self._joined(torch.cat([spans, changes, told], dim=3))
        return TowerOutput(pooled[:, 0], hidden, nums.unflatten(0, shape)[:, 0])

    def _pooled(self, values: Tensor, counts: Tensor) -> Pooled:
        dtype = next(self.model.parameters()).dtype
        states, places = self.read(self.model, values.to(dtype), counts)
        last = states[torch.arange(len(states), device=states.device), places - 1]
        spans = average_spans(states, places, NUM_SPANS).values
        spans = F.pad(spans, (0, 0, 0, NUM_SPANS - spans.shape[1]))
        return Pooled(mean_of_real(states, places), last, spans, places.clamp_max(NUM_SPANS))

    def _joined(
        self, x: Float[Tensor, "batch channel place number"]
    ) -> Float[Tensor, "batch place dim"]:
        if self.preparation.apart:
            return x.transpose(1, 2).flatten(2)
        spread = (x.var(1, correction=0) + 1e-12).sqrt()
        return torch.cat([x.mean(1), spread], dim=2)
