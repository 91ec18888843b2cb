"""Runs a network over many rows and returns canonical outputs as NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from plait.baselines.evidence_column import beside
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.model.system import System, to_tensors

MAX_AT_ONCE = 4096
"""Evidence of so many rows is made at once: what is asked again of the same columns is kept."""


def mean_outputs(
    systems: Sequence[System],
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Return the mean of several networks' outputs; see `system_outputs`."""
    found = [system_outputs(system, prepared, rows, device=device) for system in systems]
    return np.asarray(np.mean(found, axis=0), np.float32) if len(found) > 1 else found[0]


@torch.inference_mode()
def system_outputs(
    system: System,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Return canonical outputs, float32 ``[row, output]``, in the order of `rows`.

    Args:
        system: The network; put into evaluation mode and left in it.
        prepared: Where the rows' arrays are.
        rows: Row numbers.
        batch_size: Rows at a time.
        device: Where `system` is.
    """
    system.eval()
    known = np.asarray(rows, np.int64) if len(rows) <= MAX_AT_ONCE else None
    prepared = beside(system.evidence, prepared, known=known)
    loader = Loader(prepared, np.asarray(rows), system.inputs, batch_size=batch_size, bucket=True)
    places = {int(row): place for place, row in enumerate(rows)}
    found: np.ndarray | None = None
    for batch_rows, arrays in loader.epoch(0):
        batch = to_tensors(arrays, device)
        outputs = system.outputs(batch).float().cpu().numpy()
        if found is None:
            found = np.zeros((len(rows), outputs.shape[1]), np.float32)
        found[[places[int(row)] for row in batch_rows]] = outputs
    return np.zeros((0, 1), np.float32) if found is None else found
