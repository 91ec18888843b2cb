"""The training loop that everybody writes first: PyTorch, fp32, DataLoader, AdamW."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


def plain_steps_per_second(
    system: Any,
    pixels: np.ndarray,
    labels: np.ndarray,
    *,
    column: str,
    batch_size: int,
    num_steps: int,
    seed: int,
) -> float:
    """Train plait's network with a plain loop and return its steps per second.

    Everything lies decoded in memory, nothing is augmented, averaged or validated.

    Args:
        system: `plait.networks.system.System` with one picture column; trained in place.
        pixels: uint8 ``[row, height, width, channel]``.
        labels: int64 ``[row]``.
        column: Name of the picture column.
        batch_size: Rows per step.
        num_steps: Steps to time, after two that are not timed.
        seed: Of the order of rows.
    """
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(seed)
    rows = TensorDataset(torch.from_numpy(pixels), torch.from_numpy(labels))
    loader = DataLoader(rows, batch_size=batch_size, shuffle=True, drop_last=True)
    optimizer = torch.optim.AdamW(system.parameters(), lr=1e-3)
    system.train()
    done, start = 0, time.monotonic()
    while True:
        for batch, truth in loader:
            loss = torch.nn.functional.cross_entropy(system(_batch(column, batch))["own"], truth)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done += 1
            if done == 2:
                start = time.monotonic()
            if done == num_steps + 2:
                return num_steps / (time.monotonic() - start)


def _batch(column: str, pixels: Any) -> dict[str, Any]:
    import torch

    from plait.types import ColumnBatch

    present = torch.ones(len(pixels), dtype=torch.bool)
    return {column: ColumnBatch(parts={"pixels": pixels}, lengths={}, present=present)}
