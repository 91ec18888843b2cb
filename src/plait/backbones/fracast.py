"""Fracast: one dilated causal convolution, applied again and again over ever longer reaches."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.backbones.series_folder import FracastSettings

NUM_INPUTS = 7
"""Of a step: its value, whether it was observed, and five of how long ago it is."""

DECAYS = (0.5, 2.0, 8.0)


class Hidden(nn.Module):
    """A gated hidden layer (SwiGLU, Shazeer 2020)."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(dim, 2 * width), nn.Linear(width, dim)

    def forward(self, x: Float[Tensor, "batch time dim"]) -> Float[Tensor, "batch time dim"]:
        gate, value = self.up(x).chunk(2, dim=-1)
        found: Tensor = self.down(F.silu(gate) * value)
        return found


class Block(nn.Module):
    """A causal convolution of each channel by itself, a projection, and a gated hidden layer.

    Names are those of the published weights.
    """

    def __init__(self, settings: FracastSettings) -> None:
        super().__init__()
        dim = settings.dim
        self.dw_weight = nn.Parameter(torch.zeros(dim, 1, settings.kernel))
        self.dw_bias = nn.Parameter(torch.zeros(dim))
        self.pw, self.ffn = nn.Linear(dim, dim), Hidden(dim, settings.width)
        self.norm1, self.norm2 = nn.RMSNorm(dim), nn.RMSNorm(dim)

    def forward(
        self, x: Float[Tensor, "batch time dim"], dilation: int
    ) -> Float[Tensor, "batch time dim"]:
        reach = (self.dw_weight.shape[2] - 1) * dilation
        past = F.pad(x.transpose(1, 2), (reach, 0))
        heard = F.conv1d(
            past, self.dw_weight, self.dw_bias, dilation=dilation, groups=x.shape[2]
        ).transpose(1, 2)
        x = self.norm1(x + self.pw(heard))
        found: Tensor = self.norm2(x + self.ffn(x))
        return found


class Scale(nn.Module):
    """Tells the block its dilation: a factor and an offset per channel (FiLM, Perez 2018)."""

    def __init__(self, settings: FracastSettings) -> None:
        super().__init__()
        self.to_gb = nn.Linear(settings.scale_dim, 2 * settings.dim)

    def forward(
        self, x: Float[Tensor, "batch time dim"], dilation: int
    ) -> Float[Tensor, "batch time dim"]:
        waves = torch.arange(self.to_gb.in_features // 2, dtype=x.dtype, device=x.device)
        angles = math.pi * math.log2(dilation) / 2.0**waves
        factor, offset = self.to_gb(torch.cat([angles.sin(), angles.cos()])).chunk(2)
        found: Tensor = x * (1.0 + factor) + offset
        return found


class Phases(nn.Module):
    """Where in each of the strongest periods of its series a step lies."""

    def __init__(self, settings: FracastSettings) -> None:
        super().__init__()
        self.settings = settings
        self.proj = nn.Linear(2 * settings.num_periods, settings.dim)

    def forward(
        self, values: Float[Tensor, "batch time"], observed: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time dim"]:
        num = observed.sum(1, keepdim=True).clamp_min(1)
        mean = (values * observed).sum(1, keepdim=True) / num
        periods = strongest_periods(torch.where(observed, values, mean), self.settings)
        place = torch.arange(values.shape[1], device=values.device)[None, :, None]
        angles = 2 * math.pi * place / periods.clamp_min(1)[:, None]
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1)
        found: Tensor = self.proj((waves * (periods > 0)[:, None, :, None]).flatten(2))
        return found


class Core(nn.Module):
    """The encoder: values in 0 ... 1 that end now, and whether each was observed, to states."""

    def __init__(self, settings: FracastSettings) -> None:
        super().__init__()
        self.settings = settings
        self.in_proj = nn.Linear(NUM_INPUTS, settings.dim)
        self.periodic, self.block = Phases(settings), Block(settings)
        self.scale, self.norm = Scale(settings), nn.RMSNorm(settings.dim)

    def forward(
        self, values: Float[Tensor, "batch time"], observed: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time dim"]:
        ages = how_long_ago(values.shape[1], values.device).expand(len(values), -1, -1)
        told = torch.stack([values, observed.to(values.dtype)], dim=-1)
        x = self.in_proj(torch.cat([told, ages], dim=-1)) + self.periodic(values, observed)
        for stage in range(self.settings.num_stages):
            dilation = self.settings.base**stage
            x = self.block(self.scale(x, dilation), dilation)
        found: Tensor = self.norm(x)
        return found


class Fracast(nn.Module):
    """Fracast's encoder without its head of forecasts.

    Source: the package fracast (Apache-2.0); periods as of TinyCast (arXiv 2608.15767).
    """

    def __init__(self, settings: FracastSettings) -> None:
        super().__init__()
        self.core = Core(settings)

    def forward(
        self, values: Float[Tensor, "batch time"], observed: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time dim"]:
        """Return the states of a window of ``num_steps``.

        Args:
            values: Any finite; they are brought to 0 ... 1 by those that were observed.
            observed: At least one of each row.
        """
        low = values.masked_fill(~observed, float("inf")).amin(1, keepdim=True)
        high = values.masked_fill(~observed, float("-inf")).amax(1, keepdim=True)
        scaled = (values - low) / (high - low).clamp_min(1e-5)
        found: Tensor = self.core(torch.where(observed, scaled, 0.0), observed)
        return found


def strongest_periods(
    values: Float[Tensor, "batch time"], settings: FracastSettings
) -> Int[Tensor, "batch period"]:
    """Return the periods whose share of the power stands out, the strongest first; 0 for none.

    A peak counts whose share of the power is at least ``log(bins / level) / bins``, the share that
    the largest of so many bins of white noise exceeds with probability `level`.
    """
    size = 2 ** math.ceil(math.log2(max(values.shape[1], 2)))
    spectrum = torch.fft.rfft(values - values.mean(1, keepdim=True), n=size)
    power = (spectrum.real**2 + spectrum.imag**2)[:, 1:]
    share = power / power.sum(1, keepdim=True).clamp_min(1e-12)
    peak = torch.zeros_like(share, dtype=torch.bool)
    middle = share[:, 1:-1]
    peak[:, 1:-1] = (middle > share[:, :-2]) & (middle > share[:, 2:])
    longest, num_bins = max(2, values.shape[1] // 2), share.shape[1]
    first, last = size // longest - 1, size // max(2, settings.least_period) - 1
    peak[:, : max(first, 0)] = False
    peak[:, min(last, num_bins - 1) + 1 :] = False
    least = math.log(max(num_bins, 2) / settings.level) / max(num_bins, 2)
    counted = torch.where(peak & (share >= least), share, float("-inf"))
    found, bins = counted.topk(min(settings.num_periods, num_bins), dim=1)
    periods = torch.round(size / (bins + 1)).long()
    return torch.where(torch.isfinite(found), periods, 0)


def how_long_ago(num_steps: int, device: torch.device) -> Float[Tensor, "time 5"]:
    """Return how far each step lies from the last, as shares of the window, and how that decays."""
    back = (torch.arange(num_steps, device=device, dtype=torch.float32) - (num_steps - 1)) / (
        num_steps
    )
    far = back.abs()
    decays = [torch.exp(-rate * far) for rate in DECAYS]
    return torch.stack([back, back.sign() * far.log1p() / math.log(2.0), *decays], dim=-1)
