"""Molecules: SMILES made canonical, then a graph of atoms, a fingerprint and descriptors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

import numpy as np

from plait.display import brief
from plait.errors import CellError, ExtraError
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.molecule.descriptors import (
    DESCRIPTORS,
    FINGERPRINT_SIZE,
    descriptor_values,
    morgan_counts,
)
from plait.modalities.molecule.graph import MAX_NEIGHBOURS, NUM_ATOM_FEATURES, graph
from plait.modalities.molecule.parsing import draw, mutated, one_at_a_time, parse, parsed, rdkit
from plait.modalities.molecule.smiles import composed_smiles, likeness
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout


@brief
@dataclass(frozen=True, kw_only=True)
class MoleculeCodec:
    """Codec of the ``molecule`` modality.

    Raw is canonical SMILES, with stereochemistry. Salts and mixtures keep all their parts.

    Attributes:
        max_atoms: Atoms that the network sees; fingerprint and descriptors see all of them.
        clip: Largest magnitude of a standardised descriptor.
        means, scales: Of the training molecules' descriptors (empty: not standardised).
    """

    modality: ClassVar[str] = "molecule"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = "molecule"

    max_atoms: int = 96
    clip: float = 6.0
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()

    @property
    def layout(self) -> Layout:
        return {
            "atoms": ArraySpec(("atom", NUM_ATOM_FEATURES), "float32"),
            "neighbours": ArraySpec(("atom", MAX_NEIGHBOURS), "int32"),
            "bonds": ArraySpec(("atom", MAX_NEIGHBOURS), "uint8"),
            "fingerprint": ArraySpec((FINGERPRINT_SIZE,), "uint8"),
            "descriptors": ArraySpec((len(DESCRIPTORS),), "float32"),
        }

    @one_at_a_time
    def detect(self, sample: ColumnSample) -> float:
        """Look at the letters; where RDKit is installed, also parse up to twenty cells."""
        sure = likeness(sample)
        if not sure:
            return 0.0
        try:
            rdkit()
        except ExtraError:
            return sure
        few = [str(value) for value in sample.values[:: max(1, len(sample.values) // 20)]][:20]
        return sure if sum(map(_is_molecule, few)) >= 0.8 * len(few) else 0.0

    @one_at_a_time
    def read(self, cell: Cell, media: Media) -> str | None:
        if isinstance(cell, bytes):
            cell = cell.decode("ascii", "replace")
        if not isinstance(cell, str):
            raise CellError("not a molecule", expected="SMILES", received=cell)
        if not cell.strip():
            return None
        canonical: str = rdkit().MolToSmiles(parse(cell.strip()))
        return canonical

    def fit(self, raws: Iterable[str]) -> MoleculeCodec:
        """Learn the scale of the descriptors from up to 2000 training molecules."""
        values = np.array([_values(raw) for raw in islice(raws, 2000)])
        if not len(values):
            return self
        known = np.isfinite(values)
        count = np.maximum(known.sum(0), 1)
        means = np.where(known, values, 0.0).sum(0) / count
        spread = np.sqrt((np.where(known, values - means, 0.0) ** 2).sum(0) / count)
        scales = np.where(spread > 1e-9, spread, 1.0)
        return replace(self, means=tuple(means.tolist()), scales=tuple(scales.tolist()))

    @one_at_a_time
    def prepare(self, raw: str) -> Arrays:
        """Build the graph and vectors; a descriptor that is not defined counts as the mean."""
        mol = parsed(raw)
        values = descriptor_values(mol)
        if self.means:
            values = (values - np.array(self.means)) / np.array(self.scales)
        values = np.clip(np.nan_to_num(values, nan=0.0), -self.clip, self.clip)
        return graph(mol, self.max_atoms) | {
            "fingerprint": morgan_counts(mol),
            "descriptors": values.astype(np.float32),
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Half of the time blank one atom in ten and one fingerprint count in ten."""
        if rng.random() < 0.5:
            return arrays
        atoms, fingerprint = arrays["atoms"], arrays["fingerprint"]
        seen = (rng.random(len(atoms)) >= 0.1).astype(np.float32)
        kept = rng.random(len(fingerprint)) >= 0.1
        return {**arrays, "atoms": atoms * seen[:, None], "fingerprint": fingerprint * kept}

    @one_at_a_time
    def show(self, raw: str) -> Html:
        return draw(raw)

    @one_at_a_time
    def example(self, rng: np.random.Generator) -> Cell:
        return composed_smiles(rng)

    def neutral(self) -> str:
        """Methane: the smallest organic molecule, a single atom without any neighbour."""
        return "C"

    @one_at_a_time
    def corrupt(self, raw: str, severity: float, rng: np.random.Generator) -> str:
        """Replace or cut off up to half of the atoms; the result is a valid molecule."""
        if severity <= 0:
            return raw
        num_atoms = parsed(raw).GetNumAtoms()
        return mutated(raw, max(1, round(0.5 * severity * num_atoms)), rng)

    def features(self, arrays: Arrays) -> np.ndarray:
        """Logarithms of the 2048 fingerprint counts, then the descriptors."""
        counts = np.log1p(arrays["fingerprint"].astype(np.float32))
        return np.concatenate([counts, arrays["descriptors"]])

    @one_at_a_time
    def fingerprint(self, raw: str) -> Fingerprint | None:
        """Canonical SMILES without stereochemistry and isotopes."""
        flat: str = rdkit().MolToSmiles(parsed(raw), isomericSmiles=False)
        return Fingerprint(hashlib.sha256(flat.encode()).digest(), flat.encode())

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second


def _is_molecule(text: str) -> bool:
    try:
        return parse(text.strip()) is not None
    except CellError:
        return False


@one_at_a_time
def _values(raw: str) -> np.ndarray:
    return descriptor_values(parsed(raw))
