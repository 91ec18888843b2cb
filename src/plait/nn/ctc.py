"""Connectionist temporal classification: symbols in the order in which a line in time says them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

BLANK = 0
"""What a place says that says no symbol, or none anew."""

LEAST_SHARE, MOST_SYMBOLS = 1e-3, 12
"""Of a place: symbols of a smaller share, and those behind so many, begin no beam."""


class Spelled(NamedTuple):
    """Symbols that were found in a line.

    Attributes:
        symbols: Numbers from 1 on, in their order.
        log_likelihood: Of all alignments together, in nats.
    """

    symbols: tuple[int, ...]
    log_likelihood: float


def places_needed(symbols: Sequence[int]) -> int:
    """Return how many places symbols take at least: one each, and a blank between equal ones.

    >>> places_needed([1, 2, 2, 3])
    5
    """
    return len(symbols) + sum(a == b for a, b in zip(symbols, symbols[1:], strict=False))


def alignment_losses(
    log_shares: Float[Tensor, "batch place symbol"],
    num_places: Int[Tensor, " batch"],
    symbols: Sequence[Sequence[int]],
) -> Float[Tensor, " batch"]:
    """Return minus the log-likelihood of each row's symbols, over all alignments, in nats.

    (Graves et al. 2006, "Connectionist Temporal Classification", equations 3 and 8.) Infinite where
    there are fewer places than the symbols need.

    Args:
        log_shares: Of every symbol at every place; `BLANK` is the first.
        num_places: How many are real.
        symbols: Of each row.
    """
    device = log_shares.device
    joined = torch.tensor([one for row in symbols for one in row], dtype=torch.long, device=device)
    lengths = torch.tensor([len(row) for row in symbols], dtype=torch.long, device=device)
    losses: Tensor = F.ctc_loss(
        log_shares.float().transpose(0, 1), joined, num_places, lengths, BLANK, reduction="none"
    )
    return losses


def best_path(log_shares: np.ndarray) -> Spelled:
    """Return what the likeliest symbol of each place spells, and how likely that path is.

    Args:
        log_shares: Of one row's real places, ``[place, symbol]``.
    """
    path = log_shares.argmax(1)
    anew = np.append(True, path[1:] != path[:-1]) & (path != BLANK)
    likely = float(log_shares.max(1).sum())
    return Spelled(tuple(path[anew].tolist()), likely)


def prefix_beam(log_shares: np.ndarray, width: int) -> list[Spelled]:
    """Return the likeliest spellings that a search by beginnings finds, the likeliest first.

    Alignments of one beginning are added up, those that end in a blank apart from others (Hannun et
    al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional
    Recurrent DNNs", algorithm 1, without words).

    Args:
        log_shares: Of one row's real places, ``[place, symbol]``.
        width: Beginnings that are kept.
    """
    kept: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    scale = 0.0
    for place in np.exp(log_shares):
        found: defaultdict[tuple[int, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        symbols = _likely(place)
        for beginning, (blank, other) in kept.items():
            whole = blank + other
            found[beginning][0] += whole * place[BLANK]
            last = beginning[-1] if beginning else BLANK
            if beginning:
                found[beginning][1] += other * place[last]
            for symbol in symbols:
                share = blank if symbol == last else whole
                found[(*beginning, symbol)][1] += share * place[symbol]
        best = sorted(found.items(), key=lambda one: (-sum(one[1]), one[0]))[:width]
        top = max(sum(best[0][1]), np.finfo(np.float64).tiny)
        scale += float(np.log(top))
        kept = {beginning: (a / top, b / top) for beginning, (a, b) in best}
    return [
        Spelled(beginning, scale + float(np.log(max(a + b, np.finfo(np.float64).tiny))))
        for beginning, (a, b) in kept.items()
    ]


def _likely(shares: np.ndarray) -> list[int]:
    """Return the symbols that may follow at a place, the likeliest first."""
    order = np.argsort(-shares, kind="stable")[: MOST_SYMBOLS + 1].tolist()
    return [one for one in order if one != BLANK and shares[one] >= LEAST_SHARE]
