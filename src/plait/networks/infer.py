"""Runs a network over many rows and returns canonical outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.baselines.evidence import Evidence
from plait.baselines.evidence_column import beside
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.networks.runner import OUTPUTS, Runner, flat

AHEAD = 4
"""Batches that a thread makes ahead; where there is but one, a thread would only cost."""

MAX_AT_ONCE = 4096
"""Evidence of so many rows is made at once: what is asked again of the same columns is kept."""


def row_outputs(
    runner: Runner,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    evidence: Evidence | None = None,
    batch_size: int = 256,
) -> np.ndarray:
    """Return canonical outputs, float32 ``[row, output]``, in the order of `rows`.

    Of a network that still has both heads, ``[row, head, output]``.

    Args:
        runner: Of a predictive target.
        prepared: Where the rows' arrays are.
        rows: Row numbers.
        evidence: What the network is told by simple models; None for nothing.
        batch_size: Rows at a time.
    """
    known = np.asarray(rows, np.int64) if len(rows) <= MAX_AT_ONCE else None
    prepared = beside(evidence, prepared, known=known)
    if len(rows) == 1:
        only = {name: prepared.columns[name].gather(np.asarray(rows)) for name in runner.columns}
        return np.asarray(runner(flat(only))[OUTPUTS], np.float32)
    loader = Loader(
        prepared, np.asarray(rows), runner.columns, batch_size=batch_size, bucket=True,
        num_ahead=AHEAD if len(rows) > batch_size else 0,
    )  # fmt: skip
    places = {int(row): place for place, row in enumerate(rows)}
    found: np.ndarray | None = None
    for batch_rows, batch in loader.epoch(0):
        outputs = runner(flat(batch))[OUTPUTS]
        if found is None:
            found = np.zeros((len(rows), *outputs.shape[1:]), np.float32)
        found[[places[int(row)] for row in batch_rows]] = outputs
    return np.zeros((0, 1), np.float32) if found is None else found
