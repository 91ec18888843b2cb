"""Text as tokens: learned byte-pair pieces, each mixed with its neighbours; and text written."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.modalities.target import Asked
from plait.modalities.text.alphabet import numbered, texts_of
from plait.modalities.text.answers import answered
from plait.modalities.text.bytepairs import NOTHING, pieces
from plait.modalities.text.codec import TextCodec
from plait.modalities.text.language.network import GenerateBy as GenerateBy
from plait.nn.beam import beam_search
from plait.nn.conditions import Conditions
from plait.nn.ctc import Spelled
from plait.nn.decoder import PieceDecoder
from plait.nn.known_sequences import KnownSequences
from plait.nn.piece_by_piece import chosen, written_pieces
from plait.nn.prefix_tree import PrefixTree
from plait.nn.speller import Speller, joined
from plait.nn.time_line import LINE_DIM, TimeLine
from plait.nn.tokens import Tokens, averaged, length_mask, line_positions
from plait.types import Arrays, ColumnBatch

MAX_TOKENS, MAX_STRIDE = 32, 4
"""A text of the usual length is so many tokens, unless more than so many pieces would share one."""

MOST_SEEN = 2**22
"""Pairs of beginnings of answers, over all rows, that are in memory at once."""

SPELLING_SHARE = 0.7
"""Of the loss of a text that is spelled in a line, beside what it costs to write it."""

SPELLINGS, MOST_SETTLED = 8, 256
"""Of a row, that are compared by how well they are spelled and how likely they would be written;
and rows held out that tell whether, and how, texts are spelled."""

SHARES, LEAST_WITH_KNOWN = (1.0, 0.9, 0.8, 0.7, 0.5, 0.3), 0.5
"""What spelling may count beside writing, where texts are spelled; and least where texts recur: of
others, rows held out that say what was learned by heart tell nothing (docs/log.md, 2026-12-01)."""


class Embed(nn.Module):
    """Piece embeddings plus a residual depthwise-separable convolution over five places.

    The convolution lets a piece know its word (Wu et al. 2019, "Pay Less Attention with Lightweight
    and Dynamic Convolutions"). Padding is zeroed before it, so that a row's tokens do not depend on
    the batch. Its output starts at zero. In long texts, neighbouring pieces make one token.

    Args:
        codec: Gives the number of pieces and the usual length.
        dim: Of the tokens.
        kernel: Width of the convolution, odd.
        stride: Pieces to a token; 0 chooses 1 to 4 by the usual length.
    """

    offers_letters = "bytes", "byte"

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


class Generate(nn.Module):
    """Writes a text piece by piece; `NOTHING` stands before its first and behind its last.

    Where the codec knows a closed set of answers, one of these is chosen, by the probability of
    each; see `PrefixTree`. The sureness of a text is the mean log-likelihood of its pieces, that of
    an answer the logarithm of its odds.

    Where a column offers a line in time, the text is also spelled in it, letter by letter, by one
    loss with the writing (Watanabe et al. 2017, "Hybrid CTC/Attention Architecture for End-to-End
    Speech Recognition", equation 10), which sees the line too. Rows held out tell which of the two
    is believed, or both by the sum of their log-likelihoods (equation 16, of whole texts).

    Args:
        codec: Gives the vocabulary and the most pieces of a text, the alphabet, or the answers.
        dim: Of the tokens.
    """

    num_queries = 4
    spelling: Tensor

    def __init__(self, codec: TextCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        self.decoder = PieceDecoder(num_pieces=codec.num_pieces, dim=dim)
        self.asks_for_line = bool(codec.alphabet)
        if self.asks_for_line:
            self.speller, self.heard = Speller(len(codec.alphabet)), nn.Linear(LINE_DIM, dim)
            self.register_buffer("spelling", torch.tensor(0.0))

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of each text, in nats; of one that is spelled too, in
        training the weighted mean of both ways, else that of an even mixture of them: what either
        knows is known."""
        seen, ids = self._hearing(conditions), target.parts["tokens"].long()
        losses = self._costs(seen, ids, target.lengths["token"])
        if conditions.line is None:
            return losses
        letters = [numbered(one, self.codec.alphabet) for one in texts_of(target)]
        spelled, able = self.speller.losses(conditions.line, letters)
        if self.training:
            both = (1 - SPELLING_SHARE) * losses + SPELLING_SHARE * spelled
        else:
            both = math.log(2) - torch.logaddexp(-losses, -spelled)
        return torch.where(able, both, losses)

    def _hearing(self, conditions: Conditions) -> Conditions:
        """Return what the writing sees: the places of a line are further tokens."""
        line = conditions.line
        if line is None:
            return conditions
        values, tokens = self.heard(line.values), conditions.tokens
        more = line_positions(values, line.num_places)
        more = more._replace(mask=more.mask & line.present[:, None])
        parts = zip(tokens, more, strict=True)
        return conditions._replace(tokens=Tokens(*(torch.cat(pair, 1) for pair in parts)))

    def _costs(
        self, seen: Conditions, ids: Int[Tensor, "batch place"], num: Int[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of writing each text and its end."""
        logits = self.decoder(seen, nn.functional.pad(ids, (1, 0), value=NOTHING)).float()
        after = nn.functional.pad(ids, (0, 1), value=NOTHING)
        losses = nn.functional.cross_entropy(logits.transpose(1, 2), after, reduction="none")
        return (losses * length_mask(num + 1, after.shape[1])).sum(1)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Write a text per row: the likeliest piece at each place, drawn, or by a beam search; or
        spell it, where that was better on rows held out and the row has a line.

        An answer of a closed set needs no search: all of them are scored.
        """
        seen = self._hearing(conditions)
        if self.codec.answers or not self._spells(seen):
            make = self._chosen if self.codec.answers else self._written
            return make(seen, rngs, asked)
        found: list[Arrays] = [{}] * len(rngs)
        there = _line(seen).present.cpu()
        for way, rows in ((self._spelled, there.nonzero()), (self._written, (~there).nonzero())):
            if len(rows):
                rows, own = rows[:, 0], [rngs[int(row)] for row in rows]
                made = way(seen.take(rows.to(seen.pooled.device)), own, asked)
                for row, one in zip(rows.tolist(), made, strict=True):
                    found[row] = one
        return found

    def _spells(self, seen: Conditions) -> bool:
        return seen.line is not None and float(self.spelling) > 0

    def _written(
        self, seen: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        if asked.beam > 1:
            writing, most = self.decoder.begin(seen), self.codec.max_tokens
            best = beam_search(writing, num_rows=len(rngs), width=asked.beam, most=most)
            return [self.codec.written(one.pieces, one.log_likelihood / one.length) for one in best]
        ((written, sure),) = deque(self._pieces(seen, rngs, asked), maxlen=1)
        return [self.codec.written(*one) for one in zip(written, sure, strict=True)]

    def _spelled(
        self, seen: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Spell a text per row: the best of several, or one that is drawn place by place."""
        if asked.temperature > 0:
            found = self.speller.drawn(_line(seen), rngs, asked.temperature)
            return [self._said(one) for one in found]
        lists = self.speller.spellings(_line(seen), max(SPELLINGS, asked.beam), self._known)
        share = float(self.spelling)
        likely = self._likely(seen, lists) if share < 1 else None
        return [self._said(one) for one in joined(lists, likely, share)]

    def _said(self, found: Spelled) -> Arrays:
        sure = found.log_likelihood / (len(found.symbols) + 1)
        return self.codec.spelled(found.symbols, sure)

    def _likely(self, seen: Conditions, lists: Sequence[Sequence[Spelled]]) -> list[np.ndarray]:
        """Return how likely each row's spellings would be written, in nats."""
        rows = torch.tensor([row for row, some in enumerate(lists) for _ in some])
        said = [torch.from_numpy(self._said(one)["tokens"]) for some in lists for one in some]
        device = seen.pooled.device
        ids = nn.utils.rnn.pad_sequence(said, batch_first=True).long().to(device)
        num = torch.tensor([len(one) for one in said], device=device)
        costs = -self._costs(seen.take(rows.to(device)), ids, num).double().cpu().numpy()
        return np.split(costs, np.cumsum([len(some) for some in lists])[:-1])

    @torch.no_grad()
    def settle(self, held: Iterable[tuple[Conditions, ColumnBatch]]) -> None:
        """Choose by rows held out what spelling counts beside writing, from nothing to all."""
        shares = [one for one in SHARES if not self._known or one >= LEAST_WITH_KNOWN]
        said, true = {share: list[str]() for share in (0.0, *shares)}, list[str]()
        for conditions, target in held:
            if conditions.line is None or len(true) >= MOST_SETTLED:
                break
            there = conditions.line.present.tolist()
            for share, made in self._by_shares(conditions, list(said)):
                said[share] += map(self.codec.decode, compress(made, there))
            true += compress(texts_of(target), there)
        if true:
            self.spelling.fill_(max(said, key=lambda share: self.codec.right(said[share], true)))

    def _by_shares(
        self, conditions: Conditions, shares: Sequence[float]
    ) -> Iterator[tuple[float, list[Arrays]]]:
        """Give what is said of rows where spelling counts so much: all by one search."""
        seen, num = self._hearing(conditions), len(conditions.pooled)
        rngs, asked = [np.random.default_rng(0)] * num, Asked()
        spellings, line, known = self.speller.spellings, _line(seen), self._known
        lists = [] if self.codec.answers else spellings(line, SPELLINGS, known)
        likely = self._likely(seen, lists) if lists else None
        for share in shares:
            self.spelling.fill_(share)
            if share and lists:
                yield share, [self._said(one) for one in joined(lists, likely, share)]
            else:
                yield share, self.generate(conditions, rngs, asked)

    def stream(
        self, conditions: Conditions, rng: np.random.Generator, asked: Asked
    ) -> Iterator[Arrays]:
        """Give the beginnings of the text of one row; the last is what `generate` returns."""
        seen = self._hearing(conditions)
        if self.codec.answers or asked.beam > 1 or self._spells(seen):
            yield from self.generate(conditions, [rng], asked)
            return
        for written, sure in self._pieces(seen, [rng], asked):
            yield self.codec.written(written[0], float(sure[0]))

    def _pieces(
        self, seen: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> Iterator[tuple[list[list[int]], np.ndarray]]:
        """Give after each place the pieces of each row, and their mean log-likelihood."""
        writing, most = self.decoder.begin(seen), self.codec.max_tokens
        return written_pieces(writing, rngs, temperature=asked.temperature, most=most)

    @cached_property
    def _known(self) -> KnownSequences | None:
        letters = [numbered(text, self.codec.alphabet) for text in self.codec.known]
        return KnownSequences(letters) if letters else None

    @cached_property
    def _tree(self) -> PrefixTree:
        encode = pieces(self.codec.merges).encode
        return PrefixTree([encode(answer) for answer in self.codec.answers])

    def _chosen(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Choose an answer of the closed set per row."""
        size, answers = max(1, MOST_SEEN // len(self._tree) ** 2), self.codec.answers
        some = [conditions.take(slice(first, first + size)) for first in range(0, len(rngs), size)]
        shares = torch.cat([self.decoder.shares(one, self._tree) for one in some])
        if self._spells(conditions):
            letters = [numbered(answer, self.codec.alphabet) for answer in answers]
            shares = self.speller.beside(_line(conditions), letters, shares, float(self.spelling))
        numbers, odds = chosen(shares, rngs, asked.temperature)
        return answered(self.codec, numbers, odds)


def _line(seen: Conditions) -> TimeLine:
    """Return the line of conditions that are known to have one."""
    return cast(TimeLine, seen.line)
