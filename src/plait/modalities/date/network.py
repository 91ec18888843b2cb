"""Dates as tokens: where in the whole time they lie, and where in the year, week and day."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plait.modalities.date.codec import PERIODS, DateCodec
from plait.nn.tokens import Tokens, point_positions

NUM_FREQUENCIES = 8


class Embed(nn.Module):
    """One token per date: what comes round as two harmonics, days by learned periodic features.

    Source of the latter: Gorishniy et al. 2022, section 3.3 (PLR), as for numbers.
    """

    def __init__(self, codec: DateCodec, dim: int) -> None:
        super().__init__()
        self.names = codec.used
        self.span = max(codec.last - codec.first, 1e-6)
        self.years = codec.years
        self.frequencies = nn.Parameter(torch.randn(NUM_FREQUENCIES))
        widths = {"days": 1 + 2 * NUM_FREQUENCIES, "year": 1, "weekday": 5}
        width = sum(widths.get(name, 4) for name in self.names)
        self.project = nn.Linear(width, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        columns = parts["parts"].split(1, dim=-1)
        pairs = zip(self.names, columns, strict=True)
        features = torch.cat([self._features(name, value) for name, value in pairs], dim=-1)
        return point_positions(self.out(torch.relu(self.project(features)))[:, None])

    def _features(self, name: str, value: Tensor) -> Tensor:
        if name == "days":
            place = 2.0 * value / self.span - 1.0
            angle = torch.pi * self.frequencies * place
            return torch.cat([place, angle.sin(), angle.cos()], dim=-1)
        if name == "year":
            first, last = self.years
            return 2.0 * (value - first) / max(last - first, 1.0) - 1.0
        angle = 2 * torch.pi * value / PERIODS[name]
        waves = [angle.sin(), angle.cos(), (2 * angle).sin(), (2 * angle).cos()]
        return torch.cat(waves + [(value >= 5).to(value.dtype)] * (name == "weekday"), dim=-1)
