"""Flow matching: a network learns which way leads from noise to values, along straight lines.

A value ``x`` of variance about 1 and noise ``e`` are joined by ``x_t = (1 - t) e + t x``, t from 0
to 1; what is learned is the mean velocity ``x - e`` at a point and time (rectified flow: Liu et al.
2022, "Flow Straight and Fast"; Lipman et al. 2022, "Flow Matching for Generative Modeling").
Nothing here knows what the values are: pictures, spectrograms, frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conditions import Conditions
from plait.nn.flow_samplers import Velocity, sample

MIDDLE, WIDTH = -0.3, 1.0
"""Mean and spread of the logit of times in training: the middle of the way is hardest to tell
(Esser et al. 2024, "Scaling Rectified Flow Transformers", section 3.1); a little toward noise."""

LEAST_LEFT, LEAST_GONE = 0.05, 1e-3
"""Of the way, that an error is divided by at least in training, and a velocity in drawing."""

NOTHING_SHARE = 0.1
"""Of training rows are shown no condition, so that guidance knows what is drawn without."""

NUM_WAVES = 16


class Placed(NamedTuple):
    """What is told at each place of values along a line, of rows that differ in length.

    Attributes:
        told: At each place; zeros where nothing is.
        real: Whether it is a place of the row's own; behind the last one nothing is learned.
    """

    told: Float[Tensor, "batch place channel"]
    real: Bool[Tensor, "batch place"]


class Flow(nn.Module):
    """Draws values by flow matching, from what a row's columns tell.

    The network foresees the value, ``D``, from ``x_t / sqrt((1 - t)^2 + t^2)``, which has variance
    1; the velocity is ``(D - x_t) / (1 - t)``, and its error is what is minimised. Values vary in
    few ways, and a narrow network can tell them; noise, which a velocity holds, would take all of
    its channels (Li and He 2025, "Back to Basics: Let Denoising Generative Models Denoise").

    Args:
        network: From ``x [batch, channel, *place]``, ``told [batch, dim]``, ``memory [batch, token,
            dim]`` and ``mask [batch, token]`` to what is foreseen, of the shape of x; of what is
            `Placed` also its two parts, and where more is known of the places that (``[batch,
            channel2, *place]``).
        dim: Of the trunk's tokens, of `told` and of `memory`.
        num_queries: Pooled queries that are told.
    """

    def __init__(self, network: nn.Module, *, dim: int, num_queries: int) -> None:
        super().__init__()
        self.network = network
        self.time = nn.ModuleDict(
            {"first": nn.Linear(2 * NUM_WAVES, dim), "second": nn.Linear(dim, dim)}
        )
        self.told = nn.Linear(num_queries * dim, dim)
        self.nothing_told = nn.Parameter(torch.zeros(dim))
        self.nothing_seen = nn.Parameter(torch.randn(dim) * dim**-0.5)

    def loss(
        self,
        conditions: Conditions,
        values: Float[Tensor, "batch channel *place"],
        placed: Placed | Tensor | None = None,
        keys: Sequence[bytes] | None = None,
    ) -> Float[Tensor, " batch"]:
        """Return the mean squared error of the velocity of each row.

        In training, times and noise are drawn anew; else they follow from the row's own value, or
        its key, so that a row has the same loss whenever, and in whatever company, it is asked for.

        Args:
            conditions: Of the rows.
            values: Theirs.
            placed: Of rows that differ in length; or what is known of the places, if anything:
                no guidance leads away from it.
            keys: Of the rows.
        """
        if self.training:
            times = training_times(len(values)).to(values)
            dropped = torch.rand(len(values), device=values.device) < NOTHING_SHARE
            seen = self.seen(conditions, dropped, placed)
            return self._error(seen, values, torch.randn_like(values), times, placed)
        lengths = placed.real.sum(1).tolist() if isinstance(placed, Placed) else None
        noise, share = held_noise(values, lengths, keys)
        dropped = torch.zeros(len(values), dtype=torch.bool, device=values.device)
        seen = self.seen(conditions, dropped, placed)
        return self._error(seen, values, noise, logit_normal(share), placed)

    def _error(
        self,
        seen: Sequence[Tensor],
        values: Tensor,
        noise: Tensor,
        times: Tensor,
        placed: Placed | Tensor | None,
    ) -> Float[Tensor, " batch"]:
        found = self.foreseen(seen, mixed(noise, values, times), times)
        squares = (found - values).square()
        if isinstance(placed, Placed):
            means = (squares.mean(1) * placed.real).sum(1) / placed.real.sum(1).clamp(min=1)
        else:
            means = squares.flatten(1).mean(1)
        return means / (1 - times).clamp(min=LEAST_LEFT) ** 2

    def draw(
        self,
        conditions: Conditions,
        noise: Float[Tensor, "batch channel *place"],
        *,
        steps: int,
        guidance: float = 1.0,
        sampler: str = "multistep",
        begin: Tensor | None = None,
        strength: float = 1.0,
        keep: Tensor | None = None,
        placed: Placed | Tensor | None = None,
    ) -> Float[Tensor, "batch channel *place"]:
        """Return values drawn from noise; see `plait.nn.flow_samplers.sample`.

        Args:
            conditions: Of the rows.
            noise: What each row's value is drawn from.
            steps: Of the sampler.
            guidance: ``v_without + guidance (v_with - v_without)``: 1 draws as was learned, more
                heeds the columns more than data do (Ho and Salimans 2022, "Classifier-Free
                Diffusion Guidance").
            sampler, begin, strength, keep: See `sample`.
            placed: As for `loss`.
        """
        velocity = self.velocity(conditions, guidance, placed)
        return sample(
            velocity, noise, steps=steps, sampler=sampler, begin=begin, strength=strength, keep=keep
        )

    def velocity(
        self,
        conditions: Conditions,
        guidance: float | Float[Tensor, " batch"] = 1.0,
        placed: Placed | Tensor | None = None,
    ) -> Velocity:
        """Return the velocity of rows as a function of points and times, guided: all alike, or each
        row by its own strength."""
        num, device = len(conditions.pooled), conditions.pooled.device
        dropped = torch.zeros(num, dtype=torch.bool, device=device)
        seen = self.seen(conditions, dropped, placed)
        if not isinstance(guidance, Tensor) and guidance == 1.0:
            return lambda x, times: self._velocity(seen, x, times)
        blind = self.seen(conditions, ~dropped, placed)
        both = [torch.cat(pair) for pair in zip(seen, blind, strict=True)]

        def guided(x: Tensor, times: Tensor) -> Tensor:
            found = self._velocity(both, torch.cat([x, x]), torch.cat([times, times]))
            with_, without = found.chunk(2)
            return without + as_points(guidance, x) * (with_ - without)

        return guided

    def seen(
        self,
        conditions: Conditions,
        dropped: Bool[Tensor, " batch"],
        placed: Placed | Tensor | None = None,
    ) -> list[Tensor]:
        """Return what is told, the tokens and where they are, and what is told at each place and
        which are real; nothing of rows that are dropped but how long they are."""
        tokens = conditions.tokens
        told = self.told(conditions.pooled.flatten(1))
        told = torch.where(dropped[:, None], self.nothing_told.to(told.dtype), told)
        kept = tokens.values
        kept = torch.where(dropped[:, None, None], self.nothing_seen.to(kept.dtype), kept)
        first = torch.arange(kept.shape[1], device=kept.device) == 0  # of nothing one is enough
        seen = [told, kept, torch.where(dropped[:, None], first, tokens.mask)]
        if isinstance(placed, Placed):
            return [*seen, placed.told * ~dropped[:, None, None], placed.real]
        return seen if placed is None else [*seen, placed]

    def _velocity(self, seen: Sequence[Tensor], x: Tensor, times: Tensor) -> Tensor:
        left = (1 - times).clamp(min=LEAST_GONE).view(-1, *[1] * (x.ndim - 1))
        return (self.foreseen(seen, x, times) - x) / left

    def foreseen(
        self, seen: Sequence[Tensor], x: Tensor, times: Tensor, beside: Tensor | None = None
    ) -> Tensor:
        """Return the values that are foreseen at points and times.

        Args:
            seen: What `seen` returned of the rows.
            x: Points.
            times: Theirs, ``[batch]``.
            beside: What the network is told beside the time, ``[batch, dim]``; None for nothing.
        """
        told, *others = seen
        wave = F.silu(self.time["first"](waves(times).to(told.dtype)))
        told = told + self.time["second"](wave)
        told = F.silu(told if beside is None else told + beside)
        scale = ((1 - times) ** 2 + times**2).rsqrt().view(-1, *[1] * (x.ndim - 1))
        found: Tensor = self.network(x * scale, told, *others)
        return found.float()


def as_points(numbers: float | Tensor, x: Tensor) -> float | Tensor:
    """Return a number of each row so that it multiplies points, or the one of all as it is."""
    return numbers.view(-1, *[1] * (x.ndim - 1)) if isinstance(numbers, Tensor) else numbers


def mixed(noise: Tensor, values: Tensor, times: Float[Tensor, " batch"]) -> Tensor:
    """Return the points between noise and values at each row's time."""
    times = times.view(-1, *[1] * (values.ndim - 1))
    return (1 - times) * noise + times * values


def training_times(num: int) -> Float[Tensor, " batch"]:
    """Return logit-normal times, one of each `num`-th part of their distribution, in any order."""
    return logit_normal((torch.randperm(num) + torch.rand(num)) / num)


def logit_normal(share: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """Return the times below which these shares of all lie."""
    return torch.sigmoid(MIDDLE + WIDTH * torch.special.ndtri(share.clamp(1e-4, 1 - 1e-4)))


def waves(times: Float[Tensor, " batch"]) -> Float[Tensor, "batch wave"]:
    """Return times as sines and cosines, from half a turn over the whole way to some forty."""
    rates = torch.logspace(0, 2, NUM_WAVES, device=times.device) * np.pi
    angles = times[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def held_noise(
    values: Float[Tensor, "batch channel *place"],
    lengths: Sequence[int] | None = None,
    keys: Sequence[bytes] | None = None,
) -> tuple[Tensor, Float[Tensor, " batch"]]:
    """Return noise of the shape of the values, and a number in [0, 1), which follow from each.

    Args:
        values: Of rows.
        lengths: How many places along the last axis are each row's own; None for all.
        keys: What they follow from instead, where values are known up to rounding only.
    """
    noise, shares = np.zeros(values.shape, np.float32), np.empty(len(values), np.float32)
    for row, value in enumerate(values.detach().cpu().numpy()):
        own = value if lengths is None else value[..., : lengths[row]]
        key = own.astype(np.float16).tobytes() if keys is None else keys[row]
        digest = hashlib.blake2b(key, digest_size=8)
        rng = np.random.default_rng(int.from_bytes(digest.digest(), "little"))
        drawn = rng.standard_normal(own.shape, np.float32)
        noise[row, ..., : own.shape[-1]], shares[row] = drawn, rng.random()
    return torch.from_numpy(noise).to(values), torch.from_numpy(shares).to(values)


def noise_of(rngs: Sequence[np.random.Generator], shape: Sequence[int]) -> Tensor:
    """Return noise ``[row, *shape]``, each row's by its own generator."""
    return torch.from_numpy(np.stack([rng.standard_normal(shape, np.float32) for rng in rngs]))
