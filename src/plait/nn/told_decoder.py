"""Autoregressive decoding of pieces with known state: each place is told where it is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.nn.conditions import Conditions
from plait.nn.decoder import DecoderLayer, KeptPlaces, heads_of, memory_of
from plait.nn.transformer import Places


class ToldDecoder(nn.Module):
    """A small transformer over pieces that sees the row's tokens, and is told of each place.

    Beside its piece a place is told some numbers (what a grammar knows of it), a moment, and a
    guess at the next piece, whose logit it may raise; 0 is none.

    Args:
        num_pieces: Size of the vocabulary; 0 stands before the first piece and behind the last.
        told: How many values each of the numbers has; what is larger counts as the largest.
        dim: Of tokens.
        depth: Number of layers.
        dropout: Of what each layer adds, in training.
    """

    def __init__(
        self,
        *,
        num_pieces: int,
        told: Sequence[int],
        dim: int,
        depth: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.sizes = tuple(told)
        sizes = (num_pieces, num_pieces, *told)
        self.tables = nn.ModuleList(nn.Embedding(size, dim) for size in sizes)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.3)  # type: ignore[arg-type]
        self.where = Places(dim)
        self.layers = nn.ModuleList(
            DecoderLayer(dim=dim, num_heads=heads_of(dim), hidden=2 * dim, dropout=dropout)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, num_pieces)
        self.raises = nn.Linear(dim, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.raises.weight)

    def forward(
        self,
        conditions: Conditions,
        pieces: Int[Tensor, "batch place"],
        told: Int[Tensor, "batch place number"],
        moments: Float[Tensor, "batch place"],
        guesses: Int[Tensor, "batch place"],
    ) -> Float[Tensor, "batch place piece"]:
        """Return logits of what follows each place, the first of which is before all pieces."""
        x = self._begun(pieces, told, moments, guesses, 0)
        memory, mask = memory_of(conditions)
        order = torch.arange(pieces.shape[1], device=pieces.device)
        among = (order[:, None] >= order).expand(len(x), 1, -1, -1)
        for layer in self.layers:
            x, _ = layer(x, layer.held(memory), mask, among)  # type: ignore[operator]
        return self._logits(x, guesses)

    def _begun(
        self,
        pieces: Tensor,
        told: Tensor,
        moments: Tensor,
        guesses: Tensor,
        first: int,
    ) -> Tensor:
        """Return what is told of each place; `first` is the number of the first one."""
        numbers = [
            told[..., i].long().clamp(0, size - 1) for i, size in enumerate(self.sizes)
        ]  # fmt: skip
        ids = (pieces, guesses, *numbers)
        x = torch.stack([table(one) for table, one in zip(self.tables, ids, strict=True)]).sum(0)
        order = torch.arange(first, first + pieces.shape[1], device=pieces.device)
        spots = torch.stack([order.expand(pieces.shape).float(), moments.float()], -1)
        return x + self.where(spots).to(x.dtype)

    def _logits(self, x: Tensor, guesses: Tensor) -> Tensor:
        """Return logits of the next piece, that of the guess raised by a learned sum."""
        x = self.norm(x)
        more = torch.where(guesses > 0, self.raises(x)[..., 0], 0.0).float()
        return self.out(x).float().scatter_add(-1, guesses[..., None], more[..., None])


class ToldWriting(KeptPlaces):
    """Sequences that are being written, by a `ToldDecoder` under the conditions of rows."""

    def __init__(self, decoder: ToldDecoder, conditions: Conditions) -> None:
        super().__init__(decoder.layers, conditions)
        self._decoder = decoder

    def follow(
        self,
        pieces: Int[Tensor, " batch"],
        told: Int[Tensor, "batch number"],
        moments: Float[Tensor, " batch"],
        guesses: Int[Tensor, " batch"],
    ) -> Float[Tensor, "batch piece"]:
        """Write a piece in each row, and return the logits of the next one."""
        x = self._decoder._begun(
            pieces[:, None], told[:, None], moments[:, None], guesses[:, None], self.place
        )
        return self._decoder._logits(self.through(x), guesses[:, None])[:, 0]
