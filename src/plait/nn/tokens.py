"""Tokens: what every modality's network gives to the shared trunk."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F


class Tokens(NamedTuple):
    """A batch of token sequences.

    Attributes:
        values: The tokens.
        mask: True where a token is real, False where it is padding.
        positions: Two coordinates per token: (time, 0) in sequences,
            (row, column) in pictures, (0, 0) for values without a place.
    """

    values: Float[Tensor, "batch token dim"]
    mask: Bool[Tensor, "batch token"]
    positions: Float[Tensor, "batch token 2"]


def length_mask(lengths: Int[Tensor, " batch"], num_tokens: int) -> Bool[Tensor, "batch token"]:
    """Return True for the first ``lengths[i]`` of `num_tokens` places in each row."""
    return torch.arange(num_tokens, device=lengths.device)[None] < lengths[:, None]


def point_positions(values: Float[Tensor, "batch token dim"]) -> Tokens:
    """Make `Tokens` without places: all real, all at (0, 0)."""
    batch, token, _ = values.shape
    mask = torch.ones(batch, token, dtype=torch.bool, device=values.device)
    return Tokens(values, mask, torch.zeros(batch, token, 2, device=values.device))


def line_positions(
    values: Float[Tensor, "batch token dim"], lengths: Int[Tensor, " batch"]
) -> Tokens:
    """Make `Tokens` of a sequence: place (0, 0), (1, 0), ... and a mask from `lengths`."""
    batch, token, _ = values.shape
    time = torch.arange(token, device=values.device, dtype=torch.float32)
    positions = torch.stack([time, torch.zeros_like(time)], -1).expand(batch, -1, -1)
    return Tokens(values, length_mask(lengths, token), positions)


def grid_tokens(values: Float[Tensor, "batch dim height width"]) -> Tokens:
    """Make `Tokens` of a feature map, row by row, each at its (row, column)."""
    batch, _, height, width = values.shape
    row = torch.arange(height, device=values.device, dtype=torch.float32)
    column = torch.arange(width, device=values.device, dtype=torch.float32)
    grid = torch.cartesian_prod(row, column).reshape(1, -1, 2).expand(batch, -1, -1)
    flat = values.flatten(2).transpose(1, 2)
    mask = torch.ones(batch, height * width, dtype=torch.bool, device=values.device)
    return Tokens(flat, mask, grid)


def averaged(
    x: Float[Tensor, "batch token dim"], real: Bool[Tensor, "batch token 1"], stride: int
) -> Float[Tensor, "batch token2 dim"]:
    """Return the means of so many real tokens at a time; zeros where there are none."""
    padding = (0, 0, 0, -x.shape[1] % stride)
    total = F.pad(x * real, padding).unflatten(1, (-1, stride)).sum(2)
    num = F.pad(real.to(x.dtype), padding).unflatten(1, (-1, stride)).sum(2)
    return total / num.clamp(min=1.0)


def average_spans(
    hidden: Float[Tensor, "batch place dim"], counts: Int[Tensor, " batch"], num_spans: int
) -> Tokens:
    """Average each row's real vectors in ``min(num_spans, count)`` spans of about equal length."""
    place = torch.arange(hidden.shape[1], device=hidden.device)[None]
    num = counts.clamp_max(num_spans)[:, None]
    real: Bool[Tensor, "batch place"] = length_mask(counts, hidden.shape[1])
    span = torch.where(real, place * num // counts[:, None], num_spans)
    weights = F.one_hot(span, num_spans + 1)[:, :, :num_spans].to(hidden.dtype)
    sums = torch.einsum("bps,bpd->bsd", weights, hidden)
    values = sums / weights.sum(1).clamp_min(1.0)[:, :, None]
    most = int(num.max())
    return line_positions(values[:, :most], num[:, 0])
