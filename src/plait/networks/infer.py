"""Runs a network over many rows and returns canonical outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.baselines.evidence import Evidence
from plait.baselines.evidence_column import beside
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.networks.runner import OUTPUTS, Runner, flat
from plait.types import Arrays

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

    Of a network that still has both heads, ``[row, head, output]``. Arguments as of `row_arrays`.
    """
    found = row_arrays(runner, prepared, rows, evidence=evidence, batch_size=batch_size)
    return found.get(OUTPUTS, np.zeros((0, 1), np.float32))


def row_arrays(
    runner: Runner,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    evidence: Evidence | None = None,
    batch_size: int = 256,
) -> Arrays:
    """Return all that a network says of rows, by name, float32 ``[row, ...]``; {} of no rows.

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
        return {name: np.asarray(one, np.float32) for name, one in runner(flat(only)).items()}
    loader = Loader(
        prepared, np.asarray(rows), runner.columns, batch_size=batch_size, bucket=True,
        num_ahead=AHEAD if len(rows) > batch_size else 0,
    )  # fmt: skip
    places = {int(row): place for place, row in enumerate(rows)}
    found: Arrays = {}
    for batch_rows, batch in loader.epoch(0):
        here = [places[int(row)] for row in batch_rows]
        for name, array in runner(flat(batch)).items():
            if name not in found:
                found[name] = np.zeros((len(rows), *array.shape[1:]), np.float32)
            found[name][here] = array
    return found
