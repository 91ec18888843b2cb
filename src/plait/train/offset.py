"""Fits the offset that a network corrects: how much each simple model counts in it."""

from __future__ import annotations

import numpy as np
import torch

from plait.baselines.evidence_column import EVIDENCE
from plait.data.prepared import Prepared
from plait.networks.system import System
from plait.spacing import even_sample
from plait.train.data import TrainData

OFFSET_ROWS = 4096
"""That tell how much each simple model counts where they are corrected."""


def fit_offset(system: System, data: TrainData, prepared: Prepared) -> None:
    """Choose how much each simple model counts where they are corrected; else do nothing.

    Args:
        system: The network.
        data: Rows that it is to learn from.
        prepared: Their columns, evidence of fits without them included.
    """
    if system.correction is None:
        return
    rows = even_sample(data.rows, OFFSET_ROWS)
    told = prepared.columns[EVIDENCE].gather(rows)
    there = [data.prepared.columns[name].present[rows] for name in data.columns]
    device = next(system.parameters()).device
    system.correction.fit_offset(
        torch.from_numpy(told.parts["scores"]).to(device),
        torch.from_numpy(np.stack(there, 1)).to(device),
        torch.from_numpy(data.truth[rows]).to(device),
    )
