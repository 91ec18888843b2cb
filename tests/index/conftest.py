"""Clustered vectors and an exact search to compare with."""

from __future__ import annotations

import numpy as np
import pytest

DIM = 32


def clustered(num_rows: int, *, seed: int = 0, dim: int = DIM) -> np.ndarray:
    """Return unit vectors around 20 centres, float32 [row, dim]."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((20, dim))
    found = centres[rng.integers(20, size=num_rows)] + 0.7 * rng.standard_normal((num_rows, dim))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="session")
def vectors() -> np.ndarray:
    """5,000 unit vectors."""
    return clustered(5000)


@pytest.fixture(scope="session")
def queries() -> np.ndarray:
    """100 other vectors from the same clusters."""
    return clustered(100, seed=1)


@pytest.fixture(scope="session")
def names() -> list[str]:
    """The ids of the 5,000 vectors."""
    return [f"row {number}" for number in range(5000)]
