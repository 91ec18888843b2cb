"""Writes piece by piece: at each place the likeliest piece, or one that is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from plait.nn.beam import Writes

MOST_ODDS = 40.0
"""Of the logarithm of an answer's odds: surer is nothing."""

END = 0
"""The piece that stands before the first and behind the last."""


def written_pieces(
    writing: Writes, rngs: Sequence[np.random.Generator], *, temperature: float, most: int
) -> Iterator[tuple[list[list[int]], np.ndarray]]:
    """Give after each place the pieces of each row so far, without the end, and their mean
    log-likelihood, float64 ``[row]``. No row is empty.

    Args:
        writing: What writes, at its start.
        rngs: One per row.
        temperature: 0 takes what is likeliest, 1 draws as often as it is likely.
        most: Pieces of a row, at most.
    """
    num = len(rngs)
    found: list[list[int]] = [[] for _ in range(num)]
    likely, length = np.zeros(num), np.zeros(num)
    rows, last = np.arange(num), torch.full((num,), END, device=writing.device)
    for place in range(most):
        logits = writing.follow(last).float()
        if place == 0:
            logits[:, END] = -torch.inf
        last = choices(logits, [rngs[int(row)] for row in rows], temperature)
        told = logits.log_softmax(-1).gather(1, last[:, None])[:, 0]
        likely[rows] += told.double().cpu().numpy()
        length[rows] += 1
        chosen = last.cpu().numpy()
        going = np.flatnonzero(chosen != END)
        rows, chosen = rows[going], chosen[going]
        for row, piece in zip(rows, chosen, strict=True):
            found[row].append(int(piece))
        yield found, likely / np.maximum(length, 1)
        if not len(going):
            return
        if len(going) < len(logits):
            kept = torch.from_numpy(going).to(last.device)
            last = last[kept]
            writing.take(kept)


def choices(
    logits: Float[Tensor, "batch choice"], rngs: Sequence[np.random.Generator], temperature: float
) -> Int[Tensor, " batch"]:
    """Return the number of a choice per row: the likeliest at temperature 0, else drawn."""
    if temperature == 0:
        return logits.argmax(-1)
    found = []
    for row, rng in zip(logits.double().cpu().numpy(), rngs, strict=True):
        shares = np.exp((row - row.max()) / temperature)
        found.append(int(rng.choice(len(shares), p=shares / shares.sum())))
    return torch.tensor(found, device=logits.device)


def chosen(
    shares: Float[Tensor, "batch member"], rngs: Sequence[np.random.Generator], temperature: float
) -> tuple[list[int], np.ndarray]:
    """Return the number of a member of a closed set per row, and the logarithm of its odds.

    Args:
        shares: The log-probability of each member.
        rngs, temperature: As of `choices`.
    """
    numbers = choices(shares, rngs, temperature)
    mine = torch.nn.functional.one_hot(numbers, shares.shape[1]).bool()
    others = shares.masked_fill(mine, -torch.inf).logsumexp(1)
    odds = (shares[mine] - others).clamp(-MOST_ODDS, MOST_ODDS).double().cpu().numpy()
    return numbers.tolist(), odds
