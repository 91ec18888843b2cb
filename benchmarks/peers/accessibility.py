"""Synthetic accessibility by the script that RDKit ships beside its library; mean of molecules."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def accessibility(molecules: Sequence[str]) -> float:
    """Return the mean SA score, 1 (easy to make) to 10 (hard).

    Source: Ertl and Schuffenhauer 2009, "Estimation of synthetic accessibility score of drug-like
    molecules". The script reads its own table of fragments, a pickle within RDKit's package.

    Raises:
        FileNotFoundError: This RDKit comes without its Contrib folder.
    """
    from rdkit import Chem, RDConfig

    folder = Path(RDConfig.RDContribDir) / "SA_Score"
    if not (folder / "sascorer.py").is_file():
        raise FileNotFoundError(f"RDKit has no {folder}: its wheel from PyPI does")
    sys.path.insert(0, str(folder))
    try:
        import sascorer  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(folder))
    scores = [sascorer.calculateScore(Chem.MolFromSmiles(one)) for one in molecules]
    return sum(scores) / len(scores)
