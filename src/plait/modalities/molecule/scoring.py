"""Molecules that were made: how near they are to the truth, and what they are like together."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from plait.modalities.molecule.domain import NUM_BITS, bits_of, stack, tanimoto
from plait.modalities.molecule.parsing import one_at_a_time, parsed
from plait.modalities.target import MetricWord
from plait.spacing import evenly_spaced

MOST_OTHERS = 1000
"""How far a molecule is from others is told by so many of them, at most, evenly spread."""

CHUNK_ROWS, DIGITS = 512, 12

MOST_TOLD = 20_000
"""Molecules of which what is told is remembered."""

WORDS: Mapping[str, MetricWord] = {
    "similarity": MetricWord(
        name="Tanimoto similarity",
        says="Share of the neighbourhoods of up to two bonds (Morgan fingerprints) that made and "
        "true molecule have in common, of those that either has: the mean of all rows.",
        share=True,
    ),
    "same": MetricWord(
        name="same molecule",
        says="Share of rows whose molecule is the true one, stereochemistry included.",
        share=True,
    ),
    "same_scaffold": MetricWord(
        name="same scaffold",
        says="Share of rows whose rings and what joins them (Bemis and Murcko 1996) are the true "
        "ones; molecules without a ring have one in common.",
        share=True,
    ),
    "unique": MetricWord(
        name="uniqueness",
        says="Distinct molecules, per molecule made: low where each row gets the likeliest one, "
        "for few molecules are likeliest.",
        share=True,
    ),
    "new": MetricWord(
        name="novelty",
        says="Share of molecules that are no copy of a training molecule.",
        share=True,
    ),
    "diversity": MetricWord(
        name="internal diversity",
        says="1 minus the mean Tanimoto similarity of two of the molecules made.",
        share=True,
    ),
    "drug_likeness": MetricWord(
        name="drug-likeness",
        says="Mean QED of what was made (Bickerton et al. 2012), from 0 to 1: how far weight, "
        "lipophilicity, polar surface, rings and alerts are those of oral drugs.",
        share=True,
    ),
}
"""What is measured of molecules, the headline first."""

_SAME, _SCAFFOLD, _NEW, _QED, _NAME, _BITS = 1, 2, 3, 4, 5, 6


def counted(said: str, true: str, known: Container[str]) -> np.ndarray:
    """Return what `resampled` needs to know of one pair of canonical SMILES, float64 ``[518]``.

    Similarity, whether the molecules and the scaffolds are the same, whether what was said is none
    of the known ones, its QED, a number that is its own, and the bits of its fingerprint.
    """
    one, other = told_of(said), told_of(true)
    numbers = [
        float(tanimoto(one.bits[None], other.bits[None])[0, 0]),
        float(said == true),
        float(one.scaffold == other.scaffold),
        float(said not in known),
        one.drug_likeness,
        float(int.from_bytes(hashlib.blake2b(said.encode(), digest_size=6).digest())),
    ]
    return np.concatenate([numbers, one.bits])


def resampled(pairs: Sequence[np.ndarray], counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics in `WORDS` of many resamples of pairs, each float64 ``[resample]``.

    How often a molecule was made, and how far it is from the others, is a matter of all pairs; a
    resample weighs what each row adds.

    Args:
        pairs: As `counted` tells of them.
        counts: ``[resample, row]``: how often each was drawn.
    """
    rows, weights = np.stack(pairs), counts.astype(np.float64)
    times = Counter(rows[:, _NAME].tolist())
    parts = {
        "similarity": rows[:, 0],
        "same": rows[:, _SAME],
        "same_scaffold": rows[:, _SCAFFOLD],
        "unique": np.array([1.0 / times[name] for name in rows[:, _NAME].tolist()]),
        "new": rows[:, _NEW],
        "diversity": _farness(rows[:, _BITS : _BITS + NUM_BITS] > 0),
        "drug_likeness": rows[:, _QED],
    }
    total = weights.sum(axis=1)
    return {name: np.round(weights @ each / total, DIGITS) for name, each in parts.items()}


def designed(molecules: Sequence[str], known: Container[str] | None = None) -> dict[str, float]:
    """Return what canonical SMILES are like together, without any truth beside them.

    Args:
        molecules: What was made.
        known: Training molecules; None leaves novelty out.

    Returns:
        ``unique``, ``new``, ``diversity`` and ``drug_likeness`` as in `WORDS`, and ``scaffolds``:
        distinct ones, per molecule.
    """
    num = max(len(molecules), 1)
    found = {
        "unique": len(set(molecules)) / num,
        "diversity": float(_farness(stack(molecules)).mean()) if molecules else 0.0,
        "scaffolds": len({told_of(one).scaffold for one in molecules}) / num,
        "drug_likeness": sum(told_of(one).drug_likeness for one in molecules) / num,
    }
    if known is None:
        return found
    return found | {"new": sum(one not in known for one in molecules) / num}


class Told(NamedTuple):
    """What is told of one molecule.

    Attributes:
        bits: See `plait.modalities.molecule.domain.bits_of`.
        scaffold: SMILES of its rings and of what joins them; "" where there is no ring.
        drug_likeness: QED, in [0, 1]; 0 where RDKit cannot tell it.
    """

    bits: np.ndarray
    scaffold: str
    drug_likeness: float


@lru_cache(maxsize=MOST_TOLD)
@one_at_a_time
def told_of(smiles: str) -> Told:
    """Return what is told of canonical SMILES, remembered: each is compared with many."""
    from rdkit.Chem import QED
    from rdkit.Chem.Scaffolds import MurckoScaffold

    mol = parsed(smiles)
    try:
        scaffold = str(MurckoScaffold.MurckoScaffoldSmiles(mol=mol))
    except (ValueError, RuntimeError):
        scaffold = ""
    try:
        likeness = float(QED.qed(mol))
    except (ValueError, RuntimeError, ArithmeticError):
        likeness = 0.0
    return Told(bits_of(smiles), scaffold, likeness)


def _farness(bits: np.ndarray) -> np.ndarray:
    """Return 1 minus each molecule's mean similarity to the others, float64 ``[molecule]``; 0 where
    there is no other."""
    num = len(bits)
    if num < 2:
        return np.zeros(num)
    chosen = evenly_spaced(num, MOST_OTHERS)
    others, itself = bits[chosen], np.isin(np.arange(num), chosen)
    found = [
        tanimoto(bits[first : first + CHUNK_ROWS], others).sum(1, dtype=np.float64)
        for first in range(0, num, CHUNK_ROWS)
    ]
    return 1.0 - (np.concatenate(found) - itself) / (len(chosen) - itself)
