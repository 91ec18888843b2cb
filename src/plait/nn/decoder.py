"""Autoregressive decoding: pieces, one after the other, in sight of a row's tokens."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from plait.nn.attention import attend, merge_heads, split_heads
from plait.nn.conditions import Conditions
from plait.nn.prefix_tree import PrefixTree
from plait.nn.transformer import FeedForward, Places

HEAD_DIM = 32
"""Width of a head, where the width of tokens is a multiple of it."""

Kept = tuple[Tensor, Tensor]
"""Keys and values, ``[batch, head, place, dim]``."""


def heads_of(dim: int) -> int:
    """Return how many heads tokens of a width are attended to with."""
    return dim // HEAD_DIM if dim % HEAD_DIM == 0 else 1


class DecoderLayer(nn.Module):
    """Pre-norm self-attention among places, cross-attention to a memory, and feed-forward.

    Each is added to its input, and starts at zero (Vaswani et al. 2017, section 3.1).
    """

    def __init__(self, *, dim: int, num_heads: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = nn.Dropout(dropout)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim) for _ in range(3))
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.asks = nn.Linear(dim, dim, bias=False)
        self.holds = nn.Linear(dim, 2 * dim, bias=False)
        self.gets = nn.Linear(dim, dim, bias=False)
        self.feed_forward = FeedForward(dim=dim, hidden=hidden)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.gets.weight)

    def held(self, memory: Float[Tensor, "batch token dim"]) -> Kept:
        """Return the keys and values of what is attended to across."""
        keys, values = self._apart(self.holds(memory), 2)
        return keys, values

    def forward(
        self,
        x: Float[Tensor, "batch place dim"],
        held: Kept,
        mask: Bool[Tensor, "batch token"],
        among: Bool[Tensor, "batch 1 #place place2"] | None = None,
        before: Kept | None = None,
    ) -> tuple[Float[Tensor, "batch place dim"], Kept]:
        """Return the places after this layer, and their keys and values with those `before`.

        Args:
            x: All places from the first; with `before`, the one place that follows those.
            held: From `held`.
            mask: Where the memory may be attended to.
            among: Which places each may attend to; None for all.
            before: Keys and values of the places before `x`.
        """
        q, k, v = self._apart(self.qkv(self.norm1(x)), 3)
        if before is not None:
            k, v = torch.cat([before[0], k], 2), torch.cat([before[1], v], 2)
        x = x + self.dropout(self.out(merge_heads(attend(q, k, v, among))))
        (asked,) = self._apart(self.asks(self.norm2(x)), 1)
        found = attend(asked, *held, mask[:, None, None, :])
        x = x + self.dropout(self.gets(merge_heads(found)))
        return x + self.dropout(self.feed_forward(self.norm3(x))), (k, v)

    def _apart(self, x: Tensor, num: int) -> tuple[Tensor, ...]:
        return split_heads(x, num_parts=num, num_heads=self.num_heads)


class PieceDecoder(nn.Module):
    """A small transformer that writes pieces of a vocabulary, the first of which begins and ends.

    What it cross-attends to are the trunk's tokens and the pooled queries of a row. Pieces share
    their vectors with the output (Press & Wolf 2017, "Using the Output Embedding").

    Args:
        num_pieces: Size of the vocabulary; piece 0 stands before the first and behind the last.
        dim: Of tokens.
        depth: Number of layers.
        dropout: Of what each layer adds, in training.
        hidden_pieces: Share of the pieces before that are not told in training (Bowman et al.
            2016, "word dropout"): few texts are soon known by heart, and then what they are
            written from is no longer looked at.
    """

    def __init__(
        self,
        *,
        num_pieces: int,
        dim: int,
        depth: int = 2,
        dropout: float = 0.1,
        hidden_pieces: float = 0.25,
    ) -> None:
        super().__init__()
        self.hidden_pieces = hidden_pieces
        self.pieces = nn.Embedding(num_pieces, dim)
        self.places = Places(dim)
        num_heads = heads_of(dim)
        self.layers = nn.ModuleList(
            DecoderLayer(dim=dim, num_heads=num_heads, hidden=2 * dim, dropout=dropout)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim)
        self.last = nn.Linear(dim, dim, bias=False)
        self.bias = nn.Parameter(torch.zeros(num_pieces))
        nn.init.normal_(self.pieces.weight, std=dim**-0.5)
        nn.init.zeros_(self.last.weight)  # else each piece would begin as its own successor

    def forward(
        self, conditions: Conditions, before: Int[Tensor, "batch place"]
    ) -> Float[Tensor, "batch place piece"]:
        """Return logits of the piece that follows each of `before`, which begins with 0."""
        if self.training and self.hidden_pieces > 0:
            hidden = torch.rand(before.shape, device=before.device) < self.hidden_pieces
            before = before.masked_fill(hidden, 0)
        places = torch.arange(before.shape[1], device=before.device)
        earlier = places[:, None] >= places
        return self._logits(self._seen(conditions, self._begun(before, places), earlier))

    def shares(self, conditions: Conditions, tree: PrefixTree) -> Float[Tensor, "batch member"]:
        """Return the log-probability of each member of a closed set, whose shares add up to 1.

        All beginnings of all members are read at once, each in sight of those that it begins with.
        """
        device, batch = conditions.pooled.device, len(conditions.pooled)
        x = self._begun(tree.pieces.to(device).expand(batch, -1), tree.depth.to(device))
        x = self.last(self.norm(self._seen(conditions, x, tree.among.to(device))))
        nexts = tree.nexts.to(device)
        logits = (x[:, tree.sources.to(device)] * self.pieces(nexts)).sum(-1) + self.bias[nexts]
        return tree.log_shares(logits)

    def _seen(self, conditions: Conditions, x: Tensor, among: Tensor) -> Tensor:
        """Return places after all layers; `among`, bool ``[place, place]``, tells who sees whom."""
        memory, mask = memory_of(conditions)
        among = among.expand(len(x), 1, -1, -1)
        for layer in self.layers:
            x, _ = layer(x, layer.held(memory), mask, among)  # type: ignore[operator]
        return x

    def begin(self, conditions: Conditions) -> Writing:
        """Return what writes on, one piece at a time, at the cost of one place each."""
        return Writing(self, conditions)

    def _begun(self, pieces: Tensor, places: Tensor) -> Tensor:
        """Return pieces ``[batch, place]`` with their places, numbers ``[place]``."""
        places = places.float()
        positions = torch.stack([places, torch.zeros_like(places)], -1).expand(len(pieces), -1, -1)
        x = self.pieces(pieces) * self.pieces.embedding_dim**0.5
        return x + self.places(positions).to(x.dtype)

    def _logits(self, x: Tensor) -> Tensor:
        return nn.functional.linear(self.last(self.norm(x)), self.pieces.weight) + self.bias


class KeptPlaces:
    """What decoder layers keep of rows that are being written, one place after the other.

    What writes with such layers inherits it, and adds ``follow`` (see `plait.nn.beam.Writes`).

    Args:
        layers: Of `DecoderLayer`.
        conditions: Of the rows.
    """

    def __init__(self, layers: nn.ModuleList, conditions: Conditions) -> None:
        self._layers = layers
        memory, self._mask = memory_of(conditions)
        self._held = [layer.held(memory) for layer in layers]  # type: ignore[operator]
        self._kept: list[Kept | None] = [None] * len(self._held)
        self.device, self.place = memory.device, 0

    def through(self, x: Float[Tensor, "batch 1 dim"]) -> Float[Tensor, "batch 1 dim"]:
        """Return the next place after all layers, which keep it."""
        for number, layer in enumerate(self._layers):
            x, self._kept[number] = layer(
                x, self._held[number], self._mask, None, self._kept[number]
            )
        self.place += 1
        return x

    def take(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with some of the rows, in this order; a row may be taken more than once."""
        self._mask = self._mask[rows]
        self._held = [(k[rows], v[rows]) for k, v in self._held]
        self.reorder(rows)

    def reorder(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with what was written in other rows, each of which has the same conditions."""
        self._kept = [None if one is None else (one[0][rows], one[1][rows]) for one in self._kept]


class Writing(KeptPlaces):
    """Texts that are being written, by a `PieceDecoder` under the conditions of rows."""

    def __init__(self, decoder: PieceDecoder, conditions: Conditions) -> None:
        super().__init__(decoder.layers, conditions)
        self._decoder = decoder

    def follow(self, pieces: Int[Tensor, " batch"]) -> Float[Tensor, "batch piece"]:
        """Write a piece in each row, and return the logits of the next one."""
        places = torch.full((1,), self.place, device=pieces.device)
        x = self._decoder._begun(pieces[:, None], places)
        return self._decoder._logits(self.through(x))[:, 0]


def memory_of(conditions: Conditions) -> tuple[Tensor, Tensor]:
    """Return what is attended to across, ``[batch, token, dim]``, and where."""
    tokens, pooled = conditions.tokens, conditions.pooled
    there = tokens.mask.new_ones(pooled.shape[:2])
    values = torch.cat([pooled.to(tokens.values.dtype), tokens.values], 1)
    return values, torch.cat([there, tokens.mask], 1)
