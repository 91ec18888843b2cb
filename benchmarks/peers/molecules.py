"""Random forests of scikit-learn on Morgan fingerprints and all descriptors of RDKit; RMSE."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data import Split
from benchmarks.peers.result import PeerResult, num_threads, timed

SETTINGS: dict[str, dict[str, Any]] = {
    "random forest": {"n_estimators": 500},
    "random forest, third of features": {"n_estimators": 500, "max_features": 1 / 3},
}


def forest_peers(split: Split, *, target: str, column: str, seed: int) -> list[PeerResult]:
    """Return the test RMSE of 500 trees, with all and with a third of the features per cut."""
    from sklearn.ensemble import RandomForestRegressor

    train, test = (molecule_features(part, column) for part in (split.train, split.test))
    truth, truth_test = (np.array(part[target].to_pylist()) for part in (split.train, split.test))

    def rmse(name: str) -> float:
        forest = RandomForestRegressor(**SETTINGS[name], n_jobs=num_threads(), random_state=seed)
        return float(np.sqrt(np.mean((forest.fit(train, truth).predict(test) - truth_test) ** 2)))

    return [timed(name, lambda name=name: rmse(name)) for name in SETTINGS]  # type: ignore[misc]


def molecule_features(table: pa.Table, column: str) -> np.ndarray:
    """Return float32 ``[row, feature]``: 2,048 bits of radius 2, and RDKit's descriptors."""
    from rdkit import Chem
    from rdkit.Chem import Descriptors, rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    rows = []
    for smiles in table[column].to_pylist():
        molecule = Chem.MolFromSmiles(smiles)
        numbers = [function(molecule) for _, function in Descriptors.descList]
        bits = generator.GetFingerprintAsNumPy(molecule)
        rows.append(np.concatenate([bits, np.clip(np.nan_to_num(numbers), -1e6, 1e6)]))
    return np.stack(rows).astype(np.float32)
