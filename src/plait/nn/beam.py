"""Beam search: the likeliest sequences that a decoder finds when it keeps several beginnings."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import pad

LENGTH_PENALTY = 1.0
"""Exponent of the length by which log-likelihoods are divided: 0 prefers what is short, and so does
0.6 where a network is unsure of every piece (docs/log.md, 2026-11-30)."""


@runtime_checkable
class Writes(Protocol):
    """What writes sequences piece by piece, such as `plait.nn.decoder.Writing`."""

    device: torch.device

    def follow(self, pieces: Int[Tensor, " batch"]) -> Float[Tensor, "batch piece"]:
        """Write a piece in each row, and return the logits of the next one."""

    def take(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with some of the rows, in this order; a row may be taken more than once."""

    def reorder(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with what was written in other rows, each of which has the same conditions."""


class Found(NamedTuple):
    """A sequence that was found.

    Attributes:
        pieces: Without the end.
        log_likelihood: Of the pieces and the end, in nats.
        length: Number of pieces, with the end where it was reached.
    """

    pieces: list[int]
    log_likelihood: float
    length: int


@torch.no_grad()
def beam_search(writing: Writes, *, num_rows: int, width: int, most: int) -> list[Found]:
    """Return for each row the best sequence by ``log p / ((5 + length) / 6) ** LENGTH_PENALTY``.

    (Wu et al. 2016, "Google's Neural Machine Translation System", equation 14, without coverage.)
    Of every row `width` beginnings are kept. A row ends when so many sequences have ended and no
    beginning, as long as it is, is better than the worst of them. No sequence is empty.

    Args:
        writing: What writes, at its start.
        num_rows: Rows of its conditions.
        width: Beginnings of a row; 1 is greedy.
        most: Pieces of a sequence, at most.
    """
    device = writing.device
    first = writing.follow(torch.zeros(num_rows, dtype=torch.long, device=device)).float()
    first[:, 0] = -torch.inf
    likely, pieces = first.log_softmax(-1).topk(min(width, first.shape[1] - 1), dim=-1)
    spare = (0, width - pieces.shape[1])  # beams that nothing begins: anything displaces them
    likely, pieces = pad(likely, spare, value=-torch.inf), pad(pieces, spare, value=1)
    ended: list[list[Found]] = [[] for _ in range(num_rows)]
    alive = _Alive(torch.arange(num_rows, device=device), pieces[..., None], likely)
    writing.take(alive.rows.repeat_interleave(width))
    for place in range(1, most):
        logits = writing.follow(alive.pieces[..., -1].flatten()).float()
        options = logits.log_softmax(-1).view(*alive.likely.shape, -1) + alive.likely[..., None]
        alive, origin = _step(alive, options, ended)
        writing.reorder(origin)
        going = _going(alive, ended, place + 1, width)
        if not going.any():
            break
        if not going.all():
            writing.take(_beams(going.nonzero()[:, 0], width))
            alive = alive.take(going)
    else:
        _end_all(alive, ended, most)
    return [max(found, key=_score) for found in ended]


class _Alive(NamedTuple):
    """Beginnings that go on, the likeliest first.

    Attributes:
        rows: Which row each is of, int64 ``[row]``.
        pieces: int64 ``[row, beam, place]``.
        likely: Log-likelihoods, ``[row, beam]``.
    """

    rows: Int[Tensor, " row"]
    pieces: Int[Tensor, "row beam place"]
    likely: Float[Tensor, "row beam"]

    def take(self, some: Tensor) -> _Alive:
        return _Alive(*(part[some] for part in self))


def _step(
    alive: _Alive, options: Float[Tensor, "row beam piece"], ended: list[list[Found]]
) -> tuple[_Alive, Int[Tensor, " sequence"]]:
    """Return beginnings that are a piece longer, and which one each goes on; note what ended.

    Of twice as many options as there are beams at most one a beam is an end: enough go on.
    """
    width, num_pieces = options.shape[1:]
    likely, which = options.flatten(1).topk(min(2 * width, width * num_pieces), dim=-1)
    beams, last = which // num_pieces, which % num_pieces
    length = alive.pieces.shape[2] + 1
    ends = (last[:, :width] == 0) & likely[:, :width].isfinite()
    for row, rank in ends.nonzero().tolist():
        path: list[int] = alive.pieces[row, beams[row, rank]].tolist()
        ended[int(alive.rows[row])].append(Found(path, float(likely[row, rank]), length))
    kept = (last == 0).int().sort(dim=-1, stable=True).indices[:, :width]
    beams, last = beams.gather(1, kept), last.gather(1, kept)
    rows = torch.arange(len(beams), device=beams.device)[:, None]
    pieces = torch.cat([alive.pieces[rows, beams], last[..., None]], -1)
    longer = _Alive(alive.rows, pieces, likely.gather(1, kept))
    return longer, (rows * width + beams).flatten()


def _going(
    alive: _Alive, ended: list[list[Found]], length: int, width: int
) -> Bool[Tensor, " row"]:
    """Return which rows go on."""
    best = (alive.likely[:, 0] / _divisor(length)).tolist()
    found = []
    for row, hope in zip(alive.rows.tolist(), best, strict=True):
        ended[row] = sorted(ended[row], key=_score, reverse=True)[:width]
        found.append(len(ended[row]) < width or hope > _score(ended[row][-1]))
    return torch.tensor(found, device=alive.rows.device)


def _end_all(alive: _Alive, ended: list[list[Found]], length: int) -> None:
    """Let every beginning be a sequence: there is no room for more."""
    for row, beams, likely in zip(*(part.tolist() for part in alive), strict=True):
        ended[row] += [Found(*one, length) for one in zip(beams, likely, strict=True)]


def _beams(rows: Tensor, width: int) -> Tensor:
    """Return the places of all beams of some rows."""
    beams = torch.arange(width, device=rows.device)
    return (rows[:, None] * width + beams).flatten()


def _divisor(length: int) -> float:
    return float(((5 + length) / 6) ** LENGTH_PENALTY)


def _score(found: Found) -> float:
    return found.log_likelihood / _divisor(found.length)
