"""Text as tokens: learned byte-pair pieces, each mixed with its neighbours; and text written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from plait.modalities.target import SURENESS, Asked
from plait.modalities.text.bytepairs import NOTHING, pieces
from plait.modalities.text.codec import TextCodec
from plait.nn.beam import beam_search
from plait.nn.conditions import Conditions
from plait.nn.decoder import PieceDecoder
from plait.nn.piece_by_piece import choices, written_pieces
from plait.nn.prefix_tree import PrefixTree
from plait.nn.tokens import Tokens, length_mask, line_positions
from plait.types import Arrays, ColumnBatch

MAX_TOKENS, MAX_STRIDE = 32, 4
"""A text of the usual length is so many tokens, unless more than so many pieces would share one."""

MOST_SEEN = 2**22
"""Pairs of beginnings of answers, over all rows, that are in memory at once."""

MOST_ODDS = 40.0
"""Of the logarithm of an answer's odds: surer is nothing."""


class Embed(nn.Module):
    """Piece embeddings plus a residual depthwise-separable convolution over five places.

    The convolution lets a piece know its word (Wu et al. 2019, "Pay Less Attention with
    Lightweight and Dynamic Convolutions"). Padding is zeroed before it, so that a row's tokens
    do not depend on the batch. Its output starts at zero. In long texts, neighbouring pieces are
    averaged to one token.

    Args:
        codec: Gives the number of pieces and the usual length.
        dim: Of the tokens.
        kernel: Width of the convolution, odd.
        stride: Pieces to a token; 0 chooses 1 to 4 by the usual length.
    """

    def __init__(self, codec: TextCodec, dim: int, *, kernel: int = 5, stride: int = 0) -> None:
        super().__init__()
        self.stride = stride or min(max(1, round(codec.max_tokens / MAX_TOKENS)), MAX_STRIDE)
        self.table = nn.Embedding(codec.num_pieces, dim)
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.out = nn.Linear(dim, dim)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        ids = parts["tokens"].long()
        x = self.table(ids)
        real = length_mask(lengths["token"], ids.shape[1])[..., None]
        near = torch.where(real, self.norm(x), 0.0).transpose(1, 2)
        x = x + self.out(nn.functional.silu(self.mix(near).transpose(1, 2)))
        if self.stride == 1:
            return line_positions(x, lengths["token"])
        return line_positions(averaged(x, real, self.stride), -(-lengths["token"] // self.stride))


def averaged(
    x: Float[Tensor, "batch token dim"], real: Bool[Tensor, "batch token 1"], stride: int
) -> Float[Tensor, "batch token2 dim"]:
    """Return the means of so many real tokens at a time; zeros where there are none."""
    padding = (0, 0, 0, -x.shape[1] % stride)
    total = nn.functional.pad(x * real, padding).unflatten(1, (-1, stride)).sum(2)
    num = nn.functional.pad(real.to(x.dtype), padding).unflatten(1, (-1, stride)).sum(2)
    return total / num.clamp(min=1.0)


class Generate(nn.Module):
    """Writes a text piece by piece; `NOTHING` stands before its first and behind its last.

    Where the codec knows a closed set of answers, one of these is chosen, by the probability of
    each; see `PrefixTree`. The sureness of a text is the mean log-likelihood of its pieces, that of
    an answer the logarithm of its odds.

    Args:
        codec: Gives the vocabulary and the most pieces of a text, or the answers.
        dim: Of the tokens.
    """

    num_queries = 4

    def __init__(self, codec: TextCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        self.decoder = PieceDecoder(num_pieces=codec.num_pieces, dim=dim)

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of each text, in nats."""
        ids = target.parts["tokens"].long()
        logits = self.decoder(conditions, nn.functional.pad(ids, (1, 0), value=NOTHING)).float()
        after = nn.functional.pad(ids, (0, 1), value=NOTHING)
        losses = nn.functional.cross_entropy(logits.transpose(1, 2), after, reduction="none")
        real = length_mask(target.lengths["token"] + 1, after.shape[1])
        return (losses * real).sum(1)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Write a text per row: the likeliest piece at each place, drawn, or by a beam search.

        An answer of a closed set needs no search: all of them are scored.
        """
        if self.codec.answers:
            return self._chosen(conditions, rngs, asked)
        if asked.beam > 1:
            return self._searched(conditions, len(rngs), asked.beam)
        ((written, sure),) = deque(self._pieces(conditions, rngs, asked.temperature), maxlen=1)
        return [self.codec.written(*one) for one in zip(written, sure, strict=True)]

    def stream(
        self, conditions: Conditions, rng: np.random.Generator, asked: Asked
    ) -> Iterator[Arrays]:
        """Give the beginnings of the text of one row; the last is what `generate` returns."""
        if self.codec.answers or asked.beam > 1:
            yield from self.generate(conditions, [rng], asked)
            return
        for written, sure in self._pieces(conditions, [rng], asked.temperature):
            yield self.codec.written(written[0], float(sure[0]))

    def _pieces(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], temperature: float
    ) -> Iterator[tuple[list[list[int]], np.ndarray]]:
        """Give after each place the pieces of each row, and their mean log-likelihood."""
        writing, most = self.decoder.begin(conditions), self.codec.max_tokens
        return written_pieces(writing, rngs, temperature=temperature, most=most)

    def _searched(self, conditions: Conditions, num_rows: int, width: int) -> list[Arrays]:
        """Write the best text per row that a beam search finds."""
        writing, most = self.decoder.begin(conditions), self.codec.max_tokens
        found = beam_search(writing, num_rows=num_rows, width=width, most=most)
        return [self.codec.written(one.pieces, one.log_likelihood / one.length) for one in found]

    @cached_property
    def _tree(self) -> PrefixTree:
        encode = pieces(self.codec.merges).encode
        return PrefixTree([encode(answer) for answer in self.codec.answers])

    def _chosen(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Choose an answer of the closed set per row."""
        size = max(1, MOST_SEEN // len(self._tree) ** 2)
        some = [conditions.take(slice(first, first + size)) for first in range(0, len(rngs), size)]
        shares = torch.cat([self.decoder.shares(one, self._tree) for one in some])
        numbers = choices(shares, rngs, asked.temperature)
        mine = nn.functional.one_hot(numbers, shares.shape[1]).bool()
        others = shares.masked_fill(mine, -torch.inf).logsumexp(1)
        odds = (shares[mine] - others).clamp(-MOST_ODDS, MOST_ODDS).double().cpu().numpy()
        prepared = {
            one: self.codec.prepare(self.codec.answers[one]) for one in set(numbers.tolist())
        }
        return [
            {**prepared[number], SURENESS: np.array(sure)}
            for number, sure in zip(numbers.tolist(), odds, strict=True)
        ]
