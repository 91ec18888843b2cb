"""Molecules as tokens of their atoms and of the whole; and molecules composed symbol by symbol."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.modalities.molecule.codec import MoleculeCodec
from plait.modalities.molecule.descriptors import DESCRIPTORS, FINGERPRINT_SIZE
from plait.modalities.molecule.domain import expected_likeness, stack
from plait.modalities.molecule.graph import NUM_ATOM_FEATURES, NUM_BONDS
from plait.modalities.molecule.symbols import END, FIRST, OTHER
from plait.modalities.target import SURENESS, Asked
from plait.nn.beam import Writes, beam_search
from plait.nn.conditions import Conditions
from plait.nn.decoder import PieceDecoder
from plait.nn.guidance import Guided, Unasked
from plait.nn.piece_by_piece import written_pieces
from plait.nn.tokens import Tokens, length_mask
from plait.types import Arrays, ColumnBatch

GUIDANCE = 1.0
"""Strength of guidance where none is asked for."""

NUM_DRAWN = 6
"""Molecules that are drawn where the likeliest is asked for."""

HIDDEN_SYMBOLS = 0.05
"""Share of symbols before that are not told in training: of rings and branches each counts."""


class Embed(nn.Module):
    """One token per atom after message passing, one of the fingerprint, one of the descriptors.

    All tokens lie at (0, 0): what is near is told by the bonds, not by the order of atoms.

    Args:
        codec: Of the column.
        dim: Of the tokens.
        num_rounds: How many bonds far an atom sees.
    """

    def __init__(self, codec: MoleculeCodec, dim: int, *, num_rounds: int = 3) -> None:
        super().__init__()
        self.atom = nn.Linear(NUM_ATOM_FEATURES, dim)
        self.rounds = nn.ModuleList(Messages(dim) for _ in range(num_rounds))
        self.fingerprint = nn.Linear(FINGERPRINT_SIZE, dim)
        self.descriptors = nn.Sequential(
            nn.Linear(len(DESCRIPTORS), dim), nn.SiLU(), nn.Linear(dim, dim)
        )
        # Some forty of the counts are not zero: the token begins at a scale of about 1/2.
        nn.init.normal_(self.fingerprint.weight, std=0.1)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        atoms = self.atom(parts["atoms"])
        neighbours, bonds = parts["neighbours"].long(), parts["bonds"].long()
        for messages in self.rounds:
            atoms = messages(atoms, neighbours, bonds)
        whole = [
            self.fingerprint(parts["fingerprint"].float().log1p()),
            self.descriptors(parts["descriptors"]),
        ]
        values = torch.cat([torch.stack(whole, 1).to(atoms.dtype), atoms], 1)
        mask = length_mask(lengths["atom"] + len(whole), values.shape[1])
        return Tokens(values, mask, torch.zeros(*mask.shape, 2, device=values.device))


class Messages(nn.Module):
    """Adds to each atom what its neighbours tell over their bonds.

    ``h + W2 silu(W1 [norm(h), sum_j silu(norm(h_j) + e_bond)])``: GINE (Hu et al. 2020,
    "Strategies for Pre-training Graph Neural Networks") with SiLU and a pre-norm residual.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.bond = nn.Embedding(NUM_BONDS, dim)
        self.mix = nn.Sequential(nn.Linear(2 * dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        nn.init.normal_(self.bond.weight, std=0.5)

    def forward(
        self,
        atoms: Float[Tensor, "batch atom dim"],
        neighbours: Int[Tensor, "batch atom neighbour"],
        bonds: Int[Tensor, "batch atom neighbour"],
    ) -> Float[Tensor, "batch atom dim"]:
        batch, atom, dim = atoms.shape
        h = self.norm(atoms)
        places = neighbours.reshape(batch, -1, 1).expand(-1, -1, dim)
        near = torch.gather(h, 1, places).reshape(batch, atom, -1, dim)
        told = nn.functional.silu(near + self.bond(bonds))
        told = torch.where((bonds > 0)[..., None], told, 0.0).sum(2)
        return atoms + self.mix(torch.cat([h, told.to(h.dtype)], -1))


class Generate(nn.Module):
    """Composes a molecule symbol by symbol; `END` stands before the first and behind the last.

    It learns with and without its conditions, so that what is asked for can be weighed more
    (`plait.nn.guidance`).

    Args:
        codec: Gives the symbols, and the most of them in a molecule.
        dim: Of the tokens.
    """

    num_queries = 4

    def __init__(self, codec: MoleculeCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        num_pieces = FIRST + len(codec.symbols)
        self.decoder = PieceDecoder(num_pieces=num_pieces, dim=dim, hidden_pieces=HIDDEN_SYMBOLS)
        self.unasked = Unasked(num_queries=self.num_queries, dim=dim)

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return minus the log-likelihood of each molecule's symbols, in nats."""
        numbers = target.parts["symbols"].long()
        conditions = self.unasked.some(conditions)
        logits = self.decoder(conditions, nn.functional.pad(numbers, (1, 0), value=END)).float()
        after = nn.functional.pad(numbers, (0, 1), value=END)
        losses = nn.functional.cross_entropy(logits.transpose(1, 2), after, reduction="none")
        real = length_mask(target.lengths["symbol"] + 1, after.shape[1])
        return (losses * real).sum(1)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Compose a molecule per row: drawn; by a beam search; or at temperature 0 the likeliest
        symbol at each place, unless one of a few draws is expected to be more like the truth.

        Long repetitions are likely and typical of nothing ("C", again and again): of the likeliest
        and `NUM_DRAWN` drawn ones that is taken whose mean similarity to the drawn ones is highest
        (Eikema and Aziz 2020, "Is MAP decoding all you need?"), which is its sureness, too.
        """
        conditions = self.unasked.some(conditions)
        if asked.beam > 1:
            writing = self._begin(conditions, asked.guidance)
            found = beam_search(writing, num_rows=len(rngs), width=asked.beam, most=self._most)
            each = [(one.pieces, one.log_likelihood / one.length) for one in found]
            return [self.codec.composed(*one) for one in each]
        first = self._written(conditions, rngs, asked.temperature, asked.guidance)
        if asked.temperature > 0:
            return first
        rows = torch.arange(len(rngs), device=conditions.pooled.device)
        several = conditions.take(rows.repeat_interleave(NUM_DRAWN))
        lots = [lot for rng in rngs for lot in rng.spawn(NUM_DRAWN)]
        drawn = self._written(several, lots, 1.0, asked.guidance)
        size = NUM_DRAWN
        return [
            self._most_expected([one, *drawn[row * size : (row + 1) * size]])
            for row, one in enumerate(first)
        ]

    def _most_expected(self, every: Sequence[Arrays]) -> Arrays:
        """Return which of some molecules is most like those behind the first, and how much so."""
        likeness = expected_likeness(stack(map(self.codec.decode, every)))
        best = int(likeness.argmax())
        return every[best] | {SURENESS: np.array(likeness[best], np.float64)}

    def _written(
        self,
        conditions: Conditions,
        rngs: Sequence[np.random.Generator],
        temperature: float,
        guidance: float | None,
    ) -> list[Arrays]:
        """Return what is written symbol by symbol; sure as its mean log-likelihood."""
        writing = self._begin(conditions, guidance)
        pieces = written_pieces(writing, rngs, temperature=temperature, most=self._most)
        ((numbers, sure),) = deque(pieces, maxlen=1)
        each = zip(numbers, sure.tolist(), strict=True)
        return [self.codec.composed(*one) for one in each]

    @property
    def _most(self) -> int:
        """Symbols of a molecule, at most."""
        return max(self.codec.longest, 1)

    def stream(
        self, conditions: Conditions, rng: np.random.Generator, asked: Asked
    ) -> Iterator[Arrays]:
        """Give the molecule of one row, whole: the SMILES of a beginning is no beginning of its
        SMILES."""
        yield from self.generate(conditions, [rng], asked)

    def _begin(self, conditions: Conditions, guidance: float | None) -> Writes:
        """Return what writes symbols, and none that stands for what cannot be written."""
        strength = GUIDANCE if guidance is None else guidance
        writing: Writes = self.decoder.begin(conditions)
        if strength != 1.0:
            free = self.decoder.begin(self.unasked.all(conditions))
            writing = Guided(writing, free, strength)
        return Symbols(writing)


class Symbols:
    """Writes symbols alone: never what stands for a molecule that cannot be written.

    Args:
        writing: What writes.
    """

    def __init__(self, writing: Writes) -> None:
        self.device, self.take, self.reorder = writing.device, writing.take, writing.reorder
        self._writing = writing

    def follow(self, pieces: Int[Tensor, " batch"]) -> Float[Tensor, "batch piece"]:
        """Write a piece in each row, and return the logits of the next one."""
        logits = self._writing.follow(pieces)
        logits[:, OTHER] = -torch.inf
        return logits
