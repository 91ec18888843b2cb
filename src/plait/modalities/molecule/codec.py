"""Molecules: SMILES made canonical, then a graph of atoms, a fingerprint and descriptors.

As a target they are composed, symbol by symbol, in SELFIES.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import CellError, ExtraError, TargetError
from plait.modalities.contract import LATER
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.molecule.descriptors import (
    DESCRIPTORS,
    FINGERPRINT_SIZE,
    descriptor_values,
    morgan_counts,
)
from plait.modalities.molecule.domain import (
    MOST_KNOWN,
    Known,
    known_again,
    nearest_to,
    recalled,
    remembered,
    stack,
)
from plait.modalities.molecule.graph import MAX_NEIGHBOURS, NUM_ATOM_FEATURES, graph
from plait.modalities.molecule.grid import grid, told_together
from plait.modalities.molecule.parsing import draw, mutated, one_at_a_time, parse, parsed, rdkit
from plait.modalities.molecule.scoring import WORDS, counted, resampled, told_of
from plait.modalities.molecule.smiles import composed_smiles, likeness
from plait.modalities.molecule.symbols import learn, numbers_of, smiles_of
from plait.modalities.target import SURENESS, MetricWord, SimpleGenerator, metrics_by
from plait.modalities.traits import Traits
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
        domain, inside_from: Fingerprints of training molecules, and from which similarity to the
            nearest of them on a molecule is of their kind; see `plait.modalities.molecule.domain`.
        writes: Whether molecules are a target: prepared to symbols instead of a graph.
        symbols: SELFIES symbols of a target, the most frequent first.
        longest: Symbols of the longest training molecule.
        known: Hashes of a target's training molecules, by which copies are told.
        unwritten: Why training molecules cannot be written, and how many of those looked at.
    """

    modality: ClassVar[str] = "molecule"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = "molecule"
    traits: ClassVar[Traits] = Traits(piecewise=True)
    distinct: ClassVar[bool] = True
    task: ClassVar[str] = "design"
    verb: ClassVar[str] = "Designs"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = ()
    heedless: ClassVar[tuple[str, ...]] = ("typical", "nearest")
    """Both say a training molecule, which is no design, however like the truth it is."""
    heeds: ClassVar[tuple[str, ...]] = ("guidance",)

    max_atoms: int = 96
    clip: float = 6.0
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    domain: str = field(default="", metadata=LATER)
    inside_from: float = field(default=0.0, metadata=LATER)
    writes: bool = field(default=False, metadata=LATER)
    symbols: tuple[str, ...] = field(default=(), metadata=LATER)
    longest: int = field(default=0, metadata=LATER)
    known: str = field(default="", metadata=LATER)
    unwritten: tuple[tuple[str, int], ...] = field(default=(), metadata=LATER)

    @property
    def layout(self) -> Layout:
        """Of a target ``symbols``, numbers of SELFIES symbols, and ``smiles``, canonical."""
        if self.writes:
            symbols, smiles = ArraySpec(("symbol",), "int32"), ArraySpec(("byte",), "uint8")
            return {"symbols": symbols, "smiles": smiles}
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
        """Learn the scale of the descriptors and the domain from up to 2000 training molecules; of
        a target the symbols."""
        if self.writes:
            some = list(islice(raws, MOST_KNOWN))
            symbols, longest, unwritten = one_at_a_time(learn)(some)
            codec = replace(self, symbols=symbols, longest=longest, unwritten=unwritten)
            return replace(codec, known=Known.of(some))
        some = list(islice(raws, 2000))
        values = np.array([_values(raw) for raw in some])
        if not len(values):
            return self
        domain, inside_from = remembered(some)
        codec = replace(self, domain=domain, inside_from=inside_from)
        known = np.isfinite(values)
        count = np.maximum(known.sum(0), 1)
        means = np.where(known, values, 0.0).sum(0) / count
        spread = np.sqrt((np.where(known, values - means, 0.0) ** 2).sum(0) / count)
        scales = np.where(spread > 1e-9, spread, 1.0)
        return replace(codec, means=tuple(means.tolist()), scales=tuple(scales.tolist()))

    @one_at_a_time
    def prepare(self, raw: str) -> Arrays:
        """Build the graph and vectors; a descriptor that is not defined counts as the mean. Of a
        target the numbers of symbols: `OTHER` alone where it cannot be written."""
        if self.writes:
            return _written(raw, numbers_of(raw, self.symbols))
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
        """Half of the time blank one atom in ten and one fingerprint count in ten; a target is
        not varied."""
        if self.writes or rng.random() < 0.5:
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
        """Logarithms of the 2048 fingerprint counts, then the descriptors; of a target zeros for
        these, which nothing was learned about."""
        if self.writes:
            counts = morgan_counts(parsed(self.decode(arrays))).astype(np.float32)
            return np.concatenate([np.log1p(counts), np.zeros(len(DESCRIPTORS), np.float32)])
        counts = np.log1p(arrays["fingerprint"].astype(np.float32))
        return np.concatenate([counts, arrays["descriptors"]])

    @one_at_a_time
    def fingerprint(self, raw: str) -> Fingerprint | None:
        """Canonical SMILES without stereochemistry and isotopes."""
        flat: str = rdkit().MolToSmiles(parsed(raw), isomericSmiles=False)
        return Fingerprint(hashlib.sha256(flat.encode()).digest(), flat.encode())

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second

    def familiarity(self, raws: Sequence[str]) -> np.ndarray | None:
        """Return the Tanimoto similarity of each to the nearest of up to 1,000 training molecules,
        float64 ``[row]`` in [0, 1]; None where none are remembered."""
        return nearest_to(stack(raws), recalled(self.domain)) if self.domain else None

    def as_target(self) -> MoleculeCodec:
        return replace(self, writes=True)

    def check_target(self, num_rows: int) -> None:
        if not self.symbols:
            raise TargetError(
                "there is no molecule to learn from",
                expected="rows with a molecule that SELFIES can write",
                received=f"{num_rows} rows"
                + "".join(f"; of {num} {why}" for why, num in self.unwritten),
            )

    def decode(self, arrays: Arrays) -> str:
        return arrays["smiles"].tobytes().decode("ascii")

    @one_at_a_time
    def composed(self, numbers: Sequence[int], sureness: float) -> Arrays:
        """Return arrays of the molecule of some symbols, and how sure the network was of it.

        Args:
            numbers: Of symbols.
            sureness: On any scale.
        """
        arrays = _written(smiles_of(numbers, self.symbols), numbers)
        return arrays | {SURENESS: np.array(sureness, np.float64)}

    def write(self, raw: str) -> str:
        return raw

    def answer(self, raws: Sequence[str]) -> Mapping[str, Any]:
        """``prediction``, its ``drug_likeness`` (QED), and whether it is ``new``: no copy of a
        training molecule."""
        known = known_again(self.known)
        return {
            "prediction": list(raws),
            "drug_likeness": [round(told_of(raw).drug_likeness, 4) for raw in raws],
            "new": [raw not in known for raw in raws],
        }

    @one_at_a_time
    def compare(self, said: str, true: str) -> np.ndarray:
        return counted(said, true, known_again(self.known))

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return metrics_by(self.resampled, compared)

    def resampled(
        self, compared: Sequence[np.ndarray], counts: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        return resampled(compared, counts)

    @one_at_a_time
    def panel(self, said: Sequence[str], true: Sequence[str]) -> Html:
        return told_together(said, known_again(self.known), self.unwritten)

    @one_at_a_time
    def beside_learned(
        self, said: Sequence[str], true: Sequence[str], learned: Sequence[str]
    ) -> Html:
        """Draw what was made above the nearest of what was learned from."""
        return grid(said, learned)


def _is_molecule(text: str) -> bool:
    try:
        return parse(text.strip()) is not None
    except CellError:
        return False


@one_at_a_time
def _values(raw: str) -> np.ndarray:
    return descriptor_values(parsed(raw))


def _written(smiles: str, numbers: Sequence[int]) -> Arrays:
    return {
        "symbols": np.array(numbers, np.int32),
        "smiles": np.frombuffer(smiles.encode("ascii"), np.uint8),
    }
