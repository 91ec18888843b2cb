"""Molecules as vectors: counted Morgan fingerprints and physical-chemical descriptors."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from plait.modalities.molecule.parsing import quiet

FINGERPRINT_SIZE = 2048
_RADIUS = 2
_WHOLE = (
    "qed", "MolWt", "MolLogP", "MolMR", "TPSA", "NumValenceElectrons", "NumRadicalElectrons",
    "FractionCSP3", "HeavyAtomCount", "NHOHCount", "NOCount", "NumAliphaticCarbocycles",
    "NumAliphaticHeterocycles", "NumAliphaticRings", "NumAromaticCarbocycles",
    "NumAromaticHeterocycles", "NumAromaticRings", "NumHAcceptors", "NumHDonors",
    "NumHeteroatoms", "NumRotatableBonds", "NumSaturatedCarbocycles",
    "NumSaturatedHeterocycles", "NumSaturatedRings", "RingCount",
)  # fmt: skip
_CHARGE = (
    "MaxAbsEStateIndex", "MaxEStateIndex", "MinAbsEStateIndex", "MinEStateIndex",
    "MaxPartialCharge", "MinPartialCharge", "MaxAbsPartialCharge", "MinAbsPartialCharge",
)  # fmt: skip
_GRAPH = (
    "BalabanJ", "BertzCT", "Chi0", "Chi0n", "Chi0v", "Chi1", "Chi1n", "Chi1v", "Chi2n", "Chi2v",
    "Chi3n", "Chi3v", "Chi4n", "Chi4v", "HallKierAlpha", "Kappa1", "Kappa2", "Kappa3",
    "LabuteASA", "BCUT2D_MWHI", "BCUT2D_MWLOW", "BCUT2D_CHGHI", "BCUT2D_CHGLO", "BCUT2D_LOGPHI",
    "BCUT2D_LOGPLOW", "BCUT2D_MRHI", "BCUT2D_MRLOW", "FpDensityMorgan1", "FpDensityMorgan2",
    "FpDensityMorgan3",
)  # fmt: skip
_SURFACES = {"PEOE_VSA": 14, "SMR_VSA": 10, "SlogP_VSA": 12, "EState_VSA": 11, "VSA_EState": 9}
_SURFACE = [f"{name}{i}" for name, count in _SURFACES.items() for i in range(1, count + 1)]

DESCRIPTORS = (*_WHOLE, *_CHARGE, *_GRAPH, *_SURFACE)
"""RDKit's names of the descriptors, in order. Fixed, so that a newer RDKit gives the same columns.

Left out: ``Ipc`` and ``AvgIpc`` (grow beyond floats, and take 45 s at 1000 atoms), duplicates of
weight, and the ``fr_`` fragment counts, which the fingerprint holds already.
"""


def morgan_counts(mol: Any) -> np.ndarray:
    """Return uint8 ``[2048]``: how often each atom neighbourhood of radius <= 2 occurs.

    Source: Rogers and Hahn 2010, "Extended-Connectivity Fingerprints", counts folded by hash.
    """
    counts = _generator().GetCountFingerprintAsNumPy(mol)
    return np.minimum(counts, 255).astype(np.uint8)


def descriptor_values(mol: Any) -> np.ndarray:
    """Return float64 `DESCRIPTORS` of a molecule; NaN where one is not defined for it."""
    functions = _functions()
    with quiet(), np.errstate(all="ignore"):
        return np.array([_value(functions[name], mol) for name in DESCRIPTORS], np.float64)


def _value(function: Any, mol: Any) -> float:
    try:
        value = float(function(mol))
    except (ValueError, RuntimeError, ArithmeticError, IndexError):
        return math.nan
    return value if abs(value) < 1e12 else math.nan


@lru_cache(maxsize=1)
def _generator() -> Any:
    from rdkit.Chem import rdFingerprintGenerator

    return rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS, fpSize=FINGERPRINT_SIZE)


@lru_cache(maxsize=1)
def _functions() -> dict[str, Any]:
    from rdkit.Chem import Descriptors

    return dict(Descriptors.descList)
