"""What is remembered of training molecules: how near a new one is, and whether it is a copy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np

from plait.modalities.molecule.descriptors import FINGERPRINT_SIZE, morgan_counts
from plait.modalities.molecule.parsing import one_at_a_time, parsed

NUM_BITS = 512
"""Of a fingerprint: four neighbourhoods share one, so that a thousand molecules are 64 KB."""

MOST_REMEMBERED = 1000
"""Molecules that are remembered."""

MOST_KNOWN = 20_000
"""Training molecules whose copies are told."""

NAME_BYTES = 8
"""Of a molecule's hash: a new one has one of 20,000 known ones' by a chance of 1e-15."""

INSIDE_SHARE = 0.95
"""So many of the training molecules lie inside the domain, each judged by all others."""

CHUNK_ROWS = 512


@one_at_a_time
def bits_of(smiles: str) -> np.ndarray:
    """Return bool ``[512]``: which neighbourhoods of up to two bonds a molecule has, folded."""
    counts = morgan_counts(parsed(smiles))
    return np.any(counts.reshape(FINGERPRINT_SIZE // NUM_BITS, NUM_BITS) > 0, axis=0)


def stack(molecules: Iterable[str]) -> np.ndarray:
    """Return `bits_of` each of some molecules, bool ``[molecule, 512]``."""
    found = [bits_of(smiles) for smiles in molecules]
    return np.stack(found) if found else np.zeros((0, NUM_BITS), bool)


def tanimoto(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the share of bits that two sets have in common, of those that either has.

    (Tanimoto's coefficient, Jaccard's of sets; two empty ones are alike.)

    Args:
        first, second: bool ``[molecule, 512]``.

    Returns:
        float32 ``[molecule of first, molecule of second]``.
    """
    one, other = first.astype(np.float32), second.astype(np.float32)
    both = one @ other.T
    either = one.sum(1)[:, None] + other.sum(1) - both
    return np.divide(both, either, out=np.ones_like(both), where=either > 0)


def expected_likeness(bits: np.ndarray) -> np.ndarray:
    """Return each molecule's mean similarity to all but the first and itself, float64
    ``[molecule]``.

    Args:
        bits: bool ``[molecule, 512]``: of one molecule, and of at least two that were drawn.
    """
    among = tanimoto(bits, bits[1:]).astype(np.float64)
    others = np.ones_like(among)
    np.fill_diagonal(others[1:], 0.0)
    return np.asarray((among * others).sum(1) / others.sum(1))


def nearest_to(bits: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the similarity to the nearest of the known ones, float64 ``[molecule]``; 0 of none."""
    if not len(known):
        return np.zeros(len(bits))
    parts = [bits[first : first + CHUNK_ROWS] for first in range(0, len(bits), CHUNK_ROWS)]
    found = [tanimoto(part, known).max(1) for part in parts]
    return np.concatenate(found).astype(np.float64) if found else np.zeros(0)


def remembered(molecules: Sequence[str]) -> tuple[str, float]:
    """Return the fingerprints of up to 1,000 molecules as text, and the similarity from which on
    a molecule lies inside their domain: the one that 95 % of them exceed, each without itself."""
    bits = stack(islice(molecules, MOST_REMEMBERED))
    if len(bits) < 2:
        return "", 0.0
    among = tanimoto(bits, bits)
    np.fill_diagonal(among, 0.0)
    least = float(np.quantile(among.max(1), 1.0 - INSIDE_SHARE))
    return base64.b64encode(np.packbits(bits, axis=1).tobytes()).decode("ascii"), round(least, 6)


@lru_cache(maxsize=8)
def recalled(text: str) -> np.ndarray:
    """Undo `remembered`: bool ``[molecule, 512]``. Raises `ValueError` for what it did not make."""
    data = np.frombuffer(base64.b64decode(text.encode("ascii"), validate=True), np.uint8)
    return np.unpackbits(data.reshape(-1, NUM_BITS // 8), axis=1).astype(bool)


class Known:
    """Molecules that are known again by their hashes, without being told.

    Args:
        text: From `Known.of`.
    """

    def __init__(self, text: str) -> None:
        data = base64.b64decode(text.encode("ascii"), validate=True)
        self._names = {data[at : at + NAME_BYTES] for at in range(0, len(data), NAME_BYTES)}

    @staticmethod
    def of(molecules: Iterable[str]) -> str:
        """Return the hashes of up to 20,000 canonical SMILES as text, in no order of theirs."""
        names = sorted({_name(smiles) for smiles in islice(molecules, MOST_KNOWN)})
        return base64.b64encode(b"".join(names)).decode("ascii")

    def __contains__(self, smiles: object) -> bool:
        return isinstance(smiles, str) and _name(smiles) in self._names

    def __len__(self) -> int:
        return len(self._names)


known_again = lru_cache(maxsize=4)(Known)
"""Return the `Known` of a text; those of the last few texts are kept."""


def _name(smiles: str) -> bytes:
    return hashlib.blake2b(smiles.encode(), digest_size=NAME_BYTES).digest()
