"""Items as tokens; and all items ranked by the states of a history's causal transformer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.modalities.item.codec import ItemCodec
from plait.modalities.item.naming import code_of
from plait.modalities.item.ranking import NEVER, ranked
from plait.modalities.target import Asked
from plait.nn.causal import CausalEncoder
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens, line_positions
from plait.types import Arrays, ColumnBatch

MOST_PLACES = 128
"""Of a history, at most; in training a stretch of so many is chosen at random."""

MOST_TAUGHT = 48
"""Places of a stretch whose next item is taught, on average, at most."""

FORGOTTEN = 0.1
"""Of items in training: known only by their content, as those are that nobody took."""


class Embed(nn.Module):
    """A token for each item of a ranking, mostly one."""

    def __init__(self, codec: ItemCodec, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(len(codec.items) + 1, dim)
        nn.init.normal_(self.table.weight, std=0.5)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        return line_positions(self.table(parts["item"].long()), lengths["rank"])


class Vectors(nn.Module):
    """A vector for each item: its own, learned where training took it, and that of its content.

    Args:
        codec: Gives the items, how often each was taken, and their content.
        dim: Of the vectors.
    """

    features: Tensor
    known: Tensor

    def __init__(self, codec: ItemCodec, dim: int) -> None:
        super().__init__()
        num = len(codec.items)
        self.own = nn.Embedding(num + 1, dim)
        nn.init.normal_(self.own.weight, std=dim**-0.5)
        content = codec.features_of_items
        self.content = nn.Linear(content.shape[1], dim, bias=False) if content.size else None
        padded = np.concatenate([np.zeros((1, content.shape[1]), np.float32), content])
        self.register_buffer("features", torch.from_numpy(padded), persistent=False)
        counts = np.array([1, *codec.counts, *[0] * (num - len(codec.counts))])
        self.register_buffer("known", torch.from_numpy(counts > 0), persistent=False)

    def forward(self) -> Float[Tensor, "item dim"]:
        """Return the vectors of all items; the first is of one that is unknown."""
        shown = self.known[:, None].to(self.own.weight.dtype)
        if self.content is None:
            return self.own.weight * shown
        if self.training:
            shown = shown * (torch.rand_like(shown) >= FORGOTTEN)
        found: Tensor = self.own.weight * shown + self.content(self.features)
        return found


class Generate(nn.Module):
    """Ranks all items: by the state of a history, by the other columns, and by popularity.

    Every place of a history learns what was taken next, in training; other columns are told at its
    end only, for they may be of the end. It starts at popularity. Items that training never took
    are no choice in training, so that nothing is learned against them.

    Args:
        codec: Gives the items, their content, and how often each was taken.
        dim: Of the tokens.
    """

    num_queries = 1
    codes: Tensor
    numbers: Tensor

    def __init__(self, codec: ItemCodec, dim: int) -> None:
        super().__init__()
        self.repeats, self.num_items = codec.repeats, len(codec.items)
        codes = np.array([code_of(name) for name in codec.items], np.int64)
        order = np.argsort(codes)
        self.register_buffer("codes", torch.from_numpy(codes[order]), persistent=False)
        self.register_buffer("numbers", torch.from_numpy(order + 1), persistent=False)
        self.vectors = Vectors(codec, dim)
        self.begin = nn.Parameter(torch.randn(dim) * 0.02)
        self.encoder = CausalEncoder(dim=dim)
        self.last = nn.Linear(dim, dim, bias=False)
        self.others = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.others.weight)
        counts = np.zeros(self.num_items)
        counts[: len(codec.counts)] = codec.counts
        usual = np.log(counts + 0.5)
        taken = counts > 0
        usual[~taken] = usual[taken].mean() if taken.any() else 0.0
        self.bias = nn.Parameter(torch.tensor([0.0, *(usual - usual.mean())]).float())

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of what came next, in nats.

        In training, of some places of the history too, the mean; an item that is unknown costs as
        by chance.
        """
        wanted = target.parts["item"][:, 0].long()
        taken, num = self._taken(conditions)
        if self.training:
            return self._taught(conditions, taken, num, wanted)
        logits = self._logits_at_end(conditions, taken, num)
        if not self.repeats:
            seen = _seen(taken, num, self.num_items).scatter(1, wanted[:, None], False)
            logits = logits.masked_fill(seen, NEVER)
        logits[:, 0] = NEVER
        losses = nn.functional.cross_entropy(logits, wanted.clamp(min=1), reduction="none")
        return torch.where(wanted > 0, losses, float(np.log(self.num_items + 1)))

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Rank all items per row: the likeliest first, or drawn one after the other."""
        taken, num = self._taken(conditions)
        logits = self._logits_at_end(conditions, taken, num)[:, 1:].detach().double().cpu().numpy()
        if not self.repeats:
            seen = _seen(taken, num, self.num_items)[:, 1:].cpu().numpy()
            logits[seen & ~seen.all(axis=1, keepdims=True)] = NEVER
        if asked.temperature > 0:
            noise = np.stack([rng.gumbel(size=self.num_items) for rng in rngs])
            drawn = logits / asked.temperature + noise
            logits = np.where(logits <= NEVER / 2, NEVER, drawn)
        return ranked(logits)

    def _taken(self, conditions: Conditions) -> tuple[Int[Tensor, "batch time"], Tensor]:
        """Return the numbers of the items of the history, 0 of unknown ones, and how many."""
        column = _history(conditions)
        device = self.codes.device
        if column is None:
            rows = len(conditions.pooled)
            return torch.zeros(rows, 1, dtype=torch.long, device=device), torch.zeros(
                rows, dtype=torch.long, device=device
            )
        told = column.parts["item"].long()
        near = torch.searchsorted(self.codes, told).clamp(max=len(self.codes) - 1)
        found = torch.where(self.codes[near] == told, self.numbers[near], 0)
        num = torch.where(column.present, column.lengths["time"], 0)
        real = torch.arange(found.shape[1], device=device)[None] < num[:, None]
        return found * real, num

    def _logits_at_end(
        self, conditions: Conditions, taken: Tensor, num: Tensor
    ) -> Float[Tensor, "batch item"]:
        first = (num - MOST_PLACES).clamp(min=0)
        vectors = self.vectors()
        taken, num = _stretch(taken, first, num)
        states = self.encoder(self._begun(taken, vectors))
        state = self.last(states[torch.arange(len(num), device=num.device), num])
        state = state + self.others(conditions.pooled[:, 0]).to(state.dtype)
        return (state @ vectors.T.to(state.dtype)).float() + self.bias

    def _taught(
        self, conditions: Conditions, taken: Tensor, num: Tensor, wanted: Tensor
    ) -> Float[Tensor, " batch"]:
        rows = torch.arange(len(num), device=num.device)
        every = nn.functional.pad(taken, (0, 1))
        every[rows, num] = wanted
        least = (num + 1).clamp(max=MOST_PLACES)
        room = (num + 1 - least).to(torch.float32)
        first = (torch.rand(len(num), device=num.device) * (room + 1)).floor().long()
        first = first.clamp(max=num + 1 - least)
        stretch, length = _stretch(every, first, first + least)
        vectors = self.vectors()
        states = self.last(self.encoder(self._begun(stretch[:, :-1], vectors)))
        at_end = (first + length == num + 1)[:, None]
        ends = torch.zeros_like(stretch, dtype=torch.bool)
        ends[rows, length - 1] = True
        pooled = self.others(conditions.pooled[:, 0]).to(states.dtype)
        states = states + pooled[:, None] * (ends & at_end)[..., None]
        share = MOST_TAUGHT / length.clamp(min=1)[:, None]
        chosen = (torch.rand(stretch.shape, device=num.device) < share) | ends
        chosen = chosen & (stretch > 0)
        row, place = chosen.nonzero(as_tuple=True)
        logits = (states[row, place] @ vectors.T.to(states.dtype)).float() + self.bias
        no_choice = ~self.vectors.known[None].expand(len(row), -1).clone()
        if not self.repeats:
            no_choice = no_choice | _seen(stretch[row], place, self.num_items)
        right = stretch[row, place]
        no_choice[:, 0] = True
        no_choice = no_choice.scatter(1, right[:, None], False)
        losses = nn.functional.cross_entropy(
            logits.masked_fill(no_choice, NEVER), right, reduction="none"
        )
        total = torch.zeros(len(num), device=num.device).index_add(0, row, losses)
        return total / torch.bincount(row, minlength=len(num)).clamp(min=1)

    def _begun(self, taken: Tensor, vectors: Tensor) -> Float[Tensor, "batch place dim"]:
        """Return the vectors of a sequence's items, behind the one that begins each."""
        found = vectors[taken] * vectors.shape[1] ** 0.5
        begin = self.begin.to(found.dtype).expand(len(taken), 1, -1)
        return torch.cat([begin, found], 1)


def _history(conditions: Conditions) -> ColumnBatch | None:
    """Return the first column that is a history: items with the gaps between them."""
    columns = (conditions.inputs or {}).values()
    return next((one for one in columns if {"item", "gap"} <= one.parts.keys()), None)


def _stretch(taken: Tensor, first: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
    """Return a stretch of each row, ``[batch, place]``, 0 behind its end, and how long it is."""
    length = end - first
    places = first[:, None] + torch.arange(max(int(length.max()), 1), device=taken.device)
    found = taken.gather(1, places.clamp(max=taken.shape[1] - 1))
    return torch.where(places < end[:, None], found, 0), length


def _seen(taken: Tensor, num: Tensor, num_items: int) -> Bool[Tensor, "batch item"]:
    """Return which items are among the first so many of each row; number 0 may be."""
    real = torch.arange(taken.shape[1], device=taken.device)[None] < num[:, None]
    found = torch.zeros(len(taken), num_items + 1, dtype=torch.bool, device=taken.device)
    return found.scatter(1, taken * real, True)
