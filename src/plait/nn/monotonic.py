"""Monotonic alignment: which symbol each place of a line says, in their order, none left out."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

NEVER = -30.0
"""Logarithm of the share of what no place says: no path goes there."""

LOW = -1e4
"""Score of a symbol that a row does not have."""

SIGMA = 0.2
"""Spread about the diagonal, as a share of the line, within which symbols are looked for."""


def near_diagonal(
    num_symbols: Int[Tensor, " batch"],
    num_places: Int[Tensor, " batch"],
    longest: tuple[int, int],
    sigma: float = SIGMA,
) -> Float[Tensor, "batch place symbol"]:
    """Return the logarithm of how likely each symbol is at each place before anything is known.

    A normal curve about the even pace: the beta-binomial prior of Badlani et al. (2021), "One TTS
    Alignment to Rule Them All", section 2.2, but of one width along the line.

    Args:
        num_symbols, num_places: Of each row.
        longest: Places and symbols of the result.
        sigma: Spread, as a share of the line.
    """
    place, symbol = (
        torch.arange(num, device=num_places.device) / (own[:, None] - 1).clamp(min=1)
        for num, own in zip(longest, (num_places, num_symbols), strict=True)
    )
    return -((place[:, :, None] - symbol[:, None]) ** 2) / (2 * sigma**2)


def log_shares(
    scores: Float[Tensor, "batch place symbol"], num_symbols: Int[Tensor, " batch"]
) -> Float[Tensor, "batch place symbol"]:
    """Return the logarithm of each symbol's share of a place, of those that the row has."""
    there = torch.arange(scores.shape[2], device=scores.device) < num_symbols[:, None]
    return scores.float().masked_fill(~there[:, None], LOW).log_softmax(2)


def all_paths_losses(
    shares: Float[Tensor, "batch place symbol"],
    num_places: Int[Tensor, " batch"],
    num_symbols: Int[Tensor, " batch"],
) -> Float[Tensor, " batch"]:
    """Return minus the log-likelihood of saying all symbols in their order, over all paths.

    The forward sum of a hidden Markov model without skips (Badlani et al. 2021, equation 4), which
    is connectionist temporal classification without a blank. 0 where there are fewer places than
    symbols: nothing can be learned of such a row.
    """
    padded = F.pad(shares, (1, 0), value=NEVER).transpose(0, 1)
    symbols = torch.arange(1, shares.shape[2] + 1, device=shares.device).expand(len(shares), -1)
    losses: Tensor = F.ctc_loss(
        padded, symbols, num_places, num_symbols, reduction="none", zero_infinity=True
    )
    return losses


def best_durations(
    shares: Float[np.ndarray, "batch place symbol"],
    num_places: Int[np.ndarray, " batch"],
    num_symbols: Int[np.ndarray, " batch"],
) -> Int[np.ndarray, "batch symbol"]:
    """Return for how many places each symbol is said along the likeliest path, 1 or more.

    (Kim et al. 2020, "Glow-TTS", section 3.2, algorithm 1.) 0 for symbols that a row does not have,
    and for all of a row that has fewer places than symbols.
    """
    batch, longest, most = shares.shape
    best = np.full((batch, most), -np.inf)
    best[:, 0] = shares[:, 0, 0]
    moved = np.zeros((longest, batch, most), bool)
    for place in range(1, longest):
        before = np.full((batch, most), -np.inf)
        before[:, 1:] = best[:, :-1]
        moved[place] = before > best
        best = np.maximum(best, before) + shares[:, place]
    return _counted(moved, num_places, num_symbols, most)


def _counted(
    moved: Bool[np.ndarray, "place batch symbol"],
    num_places: Int[np.ndarray, " batch"],
    num_symbols: Int[np.ndarray, " batch"],
    most: int,
) -> Int[np.ndarray, "batch symbol"]:
    """Follow each row's path back from its last symbol at its last place."""
    rows = np.arange(len(num_places))
    found = np.zeros((len(rows), most), np.int64)
    symbol = num_symbols - 1
    able = num_places >= num_symbols
    for place in range(moved.shape[0] - 1, -1, -1):
        there = able & (place < num_places)
        found[rows[there], symbol[there]] += 1
        symbol = symbol - (moved[place, rows, symbol] & there)
    return found
