"""Molecules as tokens: message passing between atoms, plus a fingerprint and a descriptor token."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from plait.modalities.molecule.codec import MoleculeCodec
from plait.modalities.molecule.descriptors import DESCRIPTORS, FINGERPRINT_SIZE
from plait.modalities.molecule.graph import NUM_ATOM_FEATURES, NUM_BONDS
from plait.nn.tokens import Tokens, length_mask


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
