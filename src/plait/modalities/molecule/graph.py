"""Molecules as graphs: features of each atom, its neighbours, and the bonds between."""

from __future__ import annotations

from typing import Any

import numpy as np

MAX_NEIGHBOURS = 6
"""Bonds kept per atom; further ones of a hypervalent metal are left out."""

_ELEMENTS = ("C", "N", "O", "F", "P", "S", "Cl", "Br", "I", "B", "Si", "Se", "Na")
_ORDERS = ("SINGLE", "DOUBLE", "TRIPLE", "AROMATIC")
NUM_BONDS = 1 + 2 * (len(_ORDERS) + 1)
"""Bond numbers: 0 none, then single, double, triple, aromatic, other; again for those in rings."""

NUM_ATOM_FEATURES = (len(_ELEMENTS) + 1) + 7 + 5 + 4 + 6 + 8


def graph(mol: Any, max_atoms: int) -> dict[str, np.ndarray]:
    """Return the graph of a molecule's first `max_atoms` atoms, in canonical order.

    ``atoms`` float32 ``[atom, feature]``; ``neighbours`` int32 ``[atom, 6]``, atom numbers padded
    with the atom's own; ``bonds`` uint8 ``[atom, 6]``, bond numbers, 0 where padded.
    """
    size = min(mol.GetNumAtoms(), max_atoms)
    neighbours = np.repeat(np.arange(size, dtype=np.int32)[:, None], MAX_NEIGHBOURS, axis=1)
    bonds = np.zeros((size, MAX_NEIGHBOURS), np.uint8)
    used = [0] * size
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if max(ends) >= size:
            continue
        for here, there in (ends, ends[::-1]):
            if used[here] < MAX_NEIGHBOURS:
                neighbours[here, used[here]] = there
                bonds[here, used[here]] = _bond_number(bond)
                used[here] += 1
    atoms = np.array([_atom_features(mol.GetAtomWithIdx(i)) for i in range(size)], np.float32)
    return {"atoms": atoms, "neighbours": neighbours, "bonds": bonds}


def _bond_number(bond: Any) -> int:
    name = bond.GetBondType().name
    order = _ORDERS.index(name) if name in _ORDERS else len(_ORDERS)
    return 1 + order + (len(_ORDERS) + 1) * bond.IsInRing()


def _atom_features(atom: Any) -> list[float]:
    """Element, degree, hydrogens, hybridisation, ring sizes, then single numbers."""
    symbol = atom.GetSymbol()
    element = _ELEMENTS.index(symbol) if symbol in _ELEMENTS else len(_ELEMENTS)
    hybrid = {"SP": 0, "SP2": 1, "SP3": 2}.get(atom.GetHybridization().name, 3)
    chiral = atom.GetChiralTag().name
    return [
        *_one_hot(element, len(_ELEMENTS) + 1),
        *_one_hot(min(atom.GetDegree(), 6), 7),
        *_one_hot(min(atom.GetTotalNumHs(), 4), 5),
        *_one_hot(hybrid, 4),
        *(float(atom.IsInRingSize(size)) for size in range(3, 9)),
        float(atom.GetIsAromatic()),
        float(atom.IsInRing()),
        max(-2.0, min(2.0, float(atom.GetFormalCharge()))),
        float(atom.GetNumRadicalElectrons() > 0),
        float(chiral == "CHI_TETRAHEDRAL_CW"),
        float(chiral == "CHI_TETRAHEDRAL_CCW"),
        atom.GetMass() / 100.0,
        min(atom.GetTotalValence(), 8) / 4.0,
    ]


def _one_hot(number: int, size: int) -> list[float]:
    return [float(i == number) for i in range(size)]
