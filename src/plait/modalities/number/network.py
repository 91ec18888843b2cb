"""Numbers as tokens (periodic embedding) and as a target (mean and quantiles)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from plait.modalities.number.codec import QUANTILE_LEVELS, NumberCodec
from plait.nn.tokens import Tokens, point_positions


class Embed(nn.Module):
    """One token per number: periodic features, then a linear layer and ReLU.

    Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep
    Learning", section 3.3 (PLR); the standardised value itself is appended to the features, and
    where limits occur the side on which the truth lies.
    """

    def __init__(self, codec: NumberCodec, dim: int, *, num_frequencies: int = 16) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.randn(num_frequencies) * 0.3)
        self.project = nn.Linear(2 * num_frequencies + 1 + codec.marked, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        value = parts["value"]
        angle = 2 * torch.pi * self.frequencies * value
        plain = [value, parts["limit"]] if "limit" in parts else [value]
        features = torch.cat([angle.sin(), angle.cos(), *plain], dim=-1)
        return point_positions(self.out(torch.relu(self.project(features)))[:, None])


class Target(nn.Module):
    """Mean and quantiles of a number from one pooled query.

    Loss: squared error of the mean plus pinball loss of the quantiles, on the standardised
    scale (Koenker and Bassett 1978). Of a logarithm, the mean is learned by the deviance of the
    gamma distribution, which is least at the mean of the numbers themselves (McCullagh and Nelder
    1989, section 8.2.2); squared error of logarithms would give their median. Outputs are in the
    column's unit.
    """

    num_queries = 1
    levels: Tensor

    def __init__(self, codec: NumberCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        self.num_raw = 1 + len(QUANTILE_LEVELS)
        self.out = nn.Linear(dim, self.num_raw)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("levels", torch.tensor(QUANTILE_LEVELS), persistent=False)

    def forward(self, latent: Float[Tensor, "batch query dim"]) -> Float[Tensor, "batch output"]:
        """Return the standardised mean, then the quantiles as increments made non-decreasing."""
        out = self.out(latent[:, 0])
        steps = nn.functional.softplus(out[:, 2:])
        return torch.cat([out[:, :2], out[:, 1:2] + steps.cumsum(-1)], dim=-1)

    def loss(
        self, raw: Tensor, truth: Tensor, *, smoothing: float = 0.0, weight: Tensor | None = None
    ) -> Float[Tensor, " batch"]:
        """Per-row loss. `smoothing` and `weight` (class balance) do not apply to numbers."""
        inner = truth.clamp_min(1e-30).log() if self.codec.log else truth
        scaled = ((inner - self.codec.mean) / self.codec.scale)[:, None]
        gap = scaled - raw[:, 1:]
        pinball = torch.maximum(self.levels * gap, (self.levels - 1) * gap).sum(-1)
        return self._of_mean(raw[:, 0], scaled[:, 0]) + pinball

    def distance(self, raw: Tensor, said: Tensor) -> Float[Tensor, " batch"]:
        """Squared difference to another standardised mean, and to quantiles where any are said."""
        gaps = (said - raw[:, : said.shape[1]]) ** 2
        if said.shape[1] == 1:
            return gaps[:, 0]
        return gaps[:, 0] + gaps[:, 1:].mean(1)

    def _of_mean(self, mean: Tensor, scaled: Tensor) -> Tensor:
        """Return the loss of the mean; both kinds have the same curvature at their least."""
        if not self.codec.log:
            return (scaled - mean) ** 2
        gap = ((scaled - mean) * self.codec.scale).clamp(-20, 20)
        return 2 * (gap.exp() - gap - 1) / self.codec.scale**2

    def outputs(self, raw: Tensor) -> Float[Tensor, "batch output"]:
        """Return mean and quantiles in the column's unit."""
        inner = raw.double() * self.codec.scale + self.codec.mean
        return (inner.clamp(-60, 60).exp() if self.codec.log else inner).float()
