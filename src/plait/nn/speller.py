"""Spells what a line in time says: a symbol, or none, at each of its places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.nn.ctc import Spelled, alignment_losses, best_path, places_needed, prefix_beam
from plait.nn.known_sequences import KnownSequences
from plait.nn.time_line import LINE_DIM, TimeLine

A_PLACE = 2
"""Symbols that a place of a line says, or their absence."""

MOST_NEAR = 48
"""Known sequences that are compared with a line: those most like what it spells."""

LEAST_LIKELY = -1e4
"""Logarithm of how likely a sequence is that a line has no room for."""


class Speller(nn.Module):
    """One linear map from a place of a line to the shares of its symbols; see `plait.nn.ctc`.

    A place says two symbols, one after the other: letters are often less than 40 ms apart, and
    equal ones need a blank between.

    Args:
        num_symbols: Without the blank.
        dim: Of the line's places.
        dropout: Of these, in training.
    """

    def __init__(self, num_symbols: int, dim: int = LINE_DIM, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm, self.dropout = nn.LayerNorm(dim), nn.Dropout(dropout)
        self.head = nn.Linear(dim, A_PLACE * (num_symbols + 1))

    def forward(
        self, line: TimeLine
    ) -> tuple[Float[Tensor, "batch saying symbol"], Int[Tensor, " batch"]]:
        """Return the logarithms of the shares of all symbols, the blank first, at every saying; and
        how many sayings are real: two of each place."""
        raw = self.head(self.dropout(self.norm(line.values))).float()
        found: Tensor = raw.unflatten(-1, (A_PLACE, -1)).log_softmax(-1).flatten(1, 2)
        return found, A_PLACE * line.num_places

    def losses(
        self, line: TimeLine, symbols: Sequence[Sequence[int]]
    ) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """Return minus the log-likelihood of each row's symbols, and which rows have a line that
        has room for them; 0 for the others."""
        shares, num = self(line)
        needed = torch.tensor([places_needed(one) for one in symbols], device=num.device)
        able = line.present & (needed <= num)
        told = [row if can else [] for row, can in zip(symbols, able.tolist(), strict=True)]
        losses = alignment_losses(shares, num, told)
        return torch.where(able, losses, 0.0), able

    @torch.no_grad()
    def spellings(
        self, line: TimeLine, width: int, known: KnownSequences | None = None
    ) -> list[list[Spelled]]:
        """Return the likeliest spellings of each row, the likeliest first.

        Args:
            line: Of rows that have one.
            width: Of the search.
            known: Sequences of which the likeliest, as many, are always among them.
        """
        found = []
        for one, num in self._rows(line):
            best = prefix_beam(one[:num].double().numpy(), width)
            more = _likeliest(known.near(best[0].symbols, MOST_NEAR), one[:num]) if known else []
            every = {spelled.symbols: spelled for spelled in (*best, *more[:width])}
            found.append(sorted(every.values(), key=lambda one: -one.log_likelihood))
        return found

    @torch.no_grad()
    def likely(
        self, line: TimeLine, symbols: Sequence[Sequence[int]]
    ) -> Float[Tensor, "batch member"]:
        """Return how likely each row's line spells each of some sequences, in nats."""
        num = len(symbols)
        found = [
            -alignment_losses(one.expand(num, -1, -1), torch.full((num,), sayings), symbols)
            for one, sayings in self._rows(line)
        ]
        return torch.stack(found).clamp(min=LEAST_LIKELY).to(line.values.device)

    def beside(
        self,
        line: TimeLine,
        symbols: Sequence[Sequence[int]],
        written: Float[Tensor, "batch member"],
        share: float,
    ) -> Float[Tensor, "batch member"]:
        """Return the members' log-probabilities by spelling, which counts so much, and by writing;
        of rows without a line by writing alone."""
        both = share * self.likely(line, symbols) + (1 - share) * written
        return torch.where(line.present[:, None], both.log_softmax(1), written)

    @torch.no_grad()
    def drawn(
        self, line: TimeLine, rngs: Sequence[np.random.Generator], temperature: float
    ) -> list[Spelled]:
        """Return a spelling of each row, whose symbols are drawn place by place."""
        found = []
        for (one, num), rng in zip(self._rows(line), rngs, strict=True):
            shares = one[:num].double().numpy() / temperature
            found.append(best_path(shares + rng.gumbel(size=shares.shape)))
        return found

    def _rows(self, line: TimeLine) -> Iterator[tuple[Float[Tensor, "saying symbol"], int]]:
        """Give each row's shares, and how many sayings are real."""
        shares, num = self(line)
        yield from zip(shares.detach().cpu(), num.tolist(), strict=True)


def _likeliest(
    members: Sequence[tuple[int, ...]], shares: Float[Tensor, "place symbol"]
) -> list[Spelled]:
    """Return how a line spells each of some sequences, the likeliest first."""
    num = torch.full((len(members),), len(shares))
    losses = alignment_losses(shares.expand(len(members), -1, -1), num, members).tolist()
    found = [Spelled(*one) for one in zip(members, (-loss for loss in losses), strict=True)]
    able = [one for one in found if one.log_likelihood > LEAST_LIKELY]
    return sorted(able, key=lambda one: -one.log_likelihood)


def joined(
    lists: Sequence[Sequence[Spelled]], written: Sequence[np.ndarray] | None, share: float
) -> list[Spelled]:
    """Return of each row the spelling that is likeliest by both ways of seeing it.

    ``share log p(spelled) + (1 - share) log p(written)``, which is its log-likelihood from then on.

    Args:
        lists: Of each row.
        written: How likely each of them would be written, in nats; None where `share` is 1.
        share: In (0, 1].
    """
    if written is None:
        return [some[0] for some in lists]
    found = []
    for some, likely in zip(lists, written, strict=True):
        both = [
            one._replace(log_likelihood=share * one.log_likelihood + (1 - share) * float(other))
            for one, other in zip(some, likely, strict=True)
        ]
        found.append(max(both, key=lambda one: one.log_likelihood))
    return found
