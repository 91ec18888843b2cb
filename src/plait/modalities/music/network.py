"""Tunes as tokens: events, each mixed with its neighbours; and tunes composed event by event."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.modalities.music.codec import MusicCodec
from plait.modalities.music.echo import MOST_ALIKE
from plait.modalities.music.events import NUM_EVENTS, event_of
from plait.modalities.music.grammar import (
    AGAIN,
    ALIKE,
    BAR,
    FIRST_PLACE,
    IN_BAR,
    LAST_LENGTH,
    LAST_PITCH,
    LEFT,
    PLACE,
    Walk,
)
from plait.modalities.music.tune import MOST_BAR
from plait.modalities.music.vocabulary import END, Vocabulary
from plait.modalities.target import Asked
from plait.nn.beam import beam_search
from plait.nn.conditions import Conditions
from plait.nn.piece_by_piece import written_pieces
from plait.nn.tokens import Tokens, averaged, length_mask, line_positions
from plait.nn.told_decoder import ToldDecoder, ToldWriting
from plait.types import Arrays, ColumnBatch

MOST_TOKENS = 96
"""Tokens of a tune of the usual length, at most: more events share one."""

ROWS_AT_ONCE = 16
"""Tunes of a step that are read together, those of about one length."""

TOLD = {PLACE: MOST_BAR + 1, LEFT: MOST_BAR + 1, BAR: 33, LAST_PITCH: 140, LAST_LENGTH: 193,
        IN_BAR: 13, ALIKE: MOST_ALIKE + 1}  # fmt: skip
"""What is told of a place: its column in `plait.modalities.music.grammar`, and how many values."""


class Embed(nn.Module):
    """A token for some events in a row: what they are, where in the bar, and their neighbours.

    Args:
        codec: Gives the events that are told apart, and the usual length.
        dim: Of the tokens.
    """

    numbers: Tensor

    def __init__(self, codec: MusicCodec, dim: int) -> None:
        super().__init__()
        self.words = Vocabulary(codec.events)
        self.register_buffer("numbers", _lookup(self.words), persistent=False)
        self.stride = max(1, -(-codec.max_events // MOST_TOKENS))
        self.table = nn.Embedding(len(self.words), dim)
        self.place = nn.Embedding(MOST_BAR + 1, dim)
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Conv1d(dim, dim, 5, padding=2, groups=dim)
        self.out = nn.Linear(dim, dim)
        for table in (self.table, self.place):
            nn.init.normal_(table.weight, std=0.5)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        numbers = self.numbers[parts["events"].long()]
        x = self.table(numbers)
        x = x + self.place(parts["places"][..., PLACE].long().clamp(0, MOST_BAR))
        real = length_mask(lengths["event"], numbers.shape[1])[..., None]
        near = torch.where(real, self.norm(x), 0.0).transpose(1, 2)
        x = x + self.out(nn.functional.silu(self.mix(near).transpose(1, 2)))
        if self.stride == 1:
            return line_positions(x, lengths["event"])
        return line_positions(averaged(x, real, self.stride), -(-lengths["event"] // self.stride))


class Composing:
    """Tunes that are being composed: what is kept of their events so far, and where each is.

    Args:
        decoder: What composes.
        words: The vocabulary.
        conditions: Of the rows.
        begin: Events that every tune begins with, before those that are composed.
    """

    def __init__(
        self,
        decoder: ToldDecoder,
        words: Vocabulary,
        conditions: Conditions,
        begin: Sequence[int] = (),
    ) -> None:
        self._writing, self._words, self._begin = ToldWriting(decoder, conditions), words, begin
        self.device, num = self._writing.device, len(conditions.pooled)
        self._walks = [Walk() for _ in range(num)]
        self.events: list[list[int]] = [[] for _ in range(num)]

    def follow(self, pieces: Int[Tensor, " batch"]) -> Float[Tensor, "batch event"]:
        """Write an event in each row, and return logits of the next, of what may come alone; at the
        start write what the tunes begin with."""
        if self._writing.place:
            self._take_events(pieces.tolist())
            return self._step(pieces)
        logits = self._step(pieces)
        for event, number in zip(self._begin, self._words.numbers(self._begin), strict=True):
            for walk, events in zip(self._walks, self.events, strict=True):
                events.append(event)
                walk.take(event_of(event))
            logits = self._step(torch.full_like(pieces, int(number)))
        return logits

    def _step(self, pieces: Tensor) -> Tensor:
        told = np.array([walk.told() for walk in self._walks], np.int16)
        places = torch.from_numpy(told).to(self.device)
        guesses = torch.from_numpy(self._words.numbers(told[:, AGAIN])).to(self.device)
        logits = self._writing.follow(pieces, places[:, list(TOLD)], _moments(places), guesses)
        legal = torch.from_numpy(self._words.composed(told)).to(self.device)
        return logits.masked_fill(~legal, -torch.inf)

    def take(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with some of the rows, in this order; a row may be taken more than once."""
        self._writing.take(rows)
        self._reorder(rows.tolist())

    def reorder(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with what was written in other rows, each of which has the same conditions."""
        self._writing.reorder(rows)
        self._reorder(rows.tolist())

    def _reorder(self, rows: list[int]) -> None:
        self._walks = [self._walks[row].copied() for row in rows]
        self.events = [list(self.events[row]) for row in rows]

    def _take_events(self, numbers: list[int]) -> None:
        for walk, events, number in zip(self._walks, self.events, numbers, strict=True):
            if number != END:
                events.append(self._words.event(number, np.array(walk.told())))
                walk.take(event_of(events[-1]))


class Generate(nn.Module):
    """Composes a tune event by event, of what the grammar allows; see `ToldDecoder`.

    The sureness of a tune is the mean log-likelihood of its events.

    Args:
        codec: Gives the events that there are, and how many a tune has at most.
        dim: Of the tokens.
    """

    num_queries = 4
    numbers: Tensor

    def __init__(self, codec: MusicCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        self.words = Vocabulary(codec.events)
        self.register_buffer("numbers", _lookup(self.words), persistent=False)
        self.decoder = ToldDecoder(num_pieces=len(self.words), told=tuple(TOLD.values()), dim=dim)

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of each tune, in nats; see `losses`."""
        return self.losses(conditions, target).sum(1)

    def losses(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, "batch place"]:
        """Return minus the log-likelihood of each event, and of the end; 0 behind it.

        An end that a tune was cut at is not learned. Events that are not known share the
        probability of any other alike.
        """
        num = target.lengths["event"]
        events, told = target.parts["events"].long(), target.parts["places"].long()
        found = torch.zeros(len(num), events.shape[1] + 1, device=events.device)
        for rows in num.argsort().split(ROWS_AT_ONCE):  # long tunes do not make short ones wait
            most = int(num[rows].max())
            some = conditions.take(rows)
            each = self._losses(some, num[rows], events[rows, :most], told[rows, :most])
            found[rows, : most + 1] = each
        return found

    def _losses(self, conditions: Conditions, num: Tensor, events: Tensor, told: Tensor) -> Tensor:
        first = torch.from_numpy(FIRST_PLACE).long().to(events.device).expand(len(events), 1, -1)
        places = torch.cat([first, told], 1)
        numbers = torch.where(length_mask(num, events.shape[1]), self.numbers[events], END)
        before, after = (nn.functional.pad(numbers, side, value=END) for side in ((1, 0), (0, 1)))
        guesses = self.numbers[places[..., AGAIN]]
        logits = self.decoder(
            conditions, before, places[..., list(TOLD)], _moments(places), guesses
        )
        legal = torch.from_numpy(self.words.legal(places.cpu().numpy())).to(logits.device)
        counted = length_mask(num + 1, after.shape[1])
        counted &= (after != END) | legal[..., END]
        legal = legal | ~counted[..., None]
        logits = logits.masked_fill(~legal, -torch.inf)
        found = nn.functional.cross_entropy(logits.transpose(1, 2), after, reduction="none")
        others = float(np.log(max(self.words.num_others, 1)))
        return (found + others * (after == self.words.other)) * counted

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Compose a tune per row: the likeliest event each time, drawn, or by a beam search.

        One that begins at a tune (`Asked.begin`) goes on where that ends.
        """
        if asked.beam > 1:
            return self._searched(conditions, len(rngs), asked)
        ((found, sure),) = deque(self._pieces(conditions, rngs, asked), maxlen=1)
        begin = _begin(asked)
        return [
            self.codec.made(self._walked(one, begin), float(each))
            for one, each in zip(found, sure, strict=True)
        ]

    def stream(
        self, conditions: Conditions, rng: np.random.Generator, asked: Asked
    ) -> Iterator[Arrays]:
        """Give the beginnings of the tune of one row; the last is what `generate` returns."""
        if asked.beam > 1:
            yield from self.generate(conditions, [rng], asked)
            return
        for found, sure in self._pieces(conditions, [rng], asked):
            yield self.codec.made(self._walked(found[0], _begin(asked)), float(sure[0]))

    def _pieces(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> Iterator[tuple[list[list[int]], np.ndarray]]:
        """Give after each place the pieces of each row, and their mean log-likelihood."""
        composing, most = self._composing(conditions, asked)
        return written_pieces(composing, rngs, temperature=asked.temperature, most=most)

    def _composing(self, conditions: Conditions, asked: Asked) -> tuple[Composing, int]:
        """Return what composes, and how many events it may."""
        begin = _begin(asked)
        composing = Composing(self.decoder, self.words, conditions, begin)
        return composing, max(self.codec.max_events - len(begin), 1)

    def _searched(self, conditions: Conditions, num_rows: int, asked: Asked) -> list[Arrays]:
        """Compose the best tune per row that a beam search finds."""
        composing, most = self._composing(conditions, asked)
        found = beam_search(composing, num_rows=num_rows, width=asked.beam, most=most)
        begin = _begin(asked)
        return [
            self.codec.made(self._walked(one.pieces, begin), one.log_likelihood / one.length)
            for one in found
        ]

    def _walked(self, pieces: Sequence[int], begin: Sequence[int]) -> list[int]:
        """Return events to begin with, then those of numbers; any other is what may come where it
        stands."""
        walk, events = Walk(), list(begin)
        for event in begin:
            walk.take(event_of(event))
        for number in pieces:
            events.append(self.words.event(number, np.array(walk.told())))
            walk.take(event_of(events[-1]))
        return events


def _begin(asked: Asked) -> list[int]:
    """Return the events of the tune that is begun at; [] where there is none."""
    return [] if asked.begin is None else list(map(int, asked.begin["events"]))


def _lookup(words: Vocabulary) -> Int[Tensor, " event"]:
    """Return the number of each event."""
    return torch.from_numpy(words.numbers(np.arange(NUM_EVENTS)))


def _moments(places: Tensor) -> Tensor:
    """Return the moment of places ``[..., 12]`` in bars."""
    size = (places[..., PLACE] + places[..., LEFT]).clamp(min=1)
    return places[..., BAR] + places[..., PLACE] / size
