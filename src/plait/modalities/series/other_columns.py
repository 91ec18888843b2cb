"""Columns beside what came before, as features of a linear map: which, and of which channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MAX_OTHERS = 1024
"""Features of the other columns, at most: else they are left out, the widest column first."""


def narrow(matrices: Any, taken: Sequence[str]) -> tuple[str, ...]:
    """Return the other columns whose dense features are few enough together, the narrowest first.

    Those of what came before are the steps themselves.
    """
    widths = {
        str(name): matrices.only([name]).dense.shape[1]
        for name in matrices.features.scales
        if name not in taken
    }
    kept, total = [], 0
    for name in sorted(widths, key=lambda name: widths[name]):
        total += widths[name]
        if total > MAX_OTHERS:
            break
        kept.append(name)
    return tuple(kept)


def each_channel(others: np.ndarray, num: int) -> np.ndarray:
    """Return features ``[row, feature]`` for each row and channel, which may heed them otherwise.

    Too many for that are the same for all channels.
    """
    width = others.shape[1]
    if num * width > MAX_OTHERS:
        return np.repeat(others, num, axis=0)
    found = np.zeros((len(others), num, num, width), np.float32)
    for channel in range(num):
        found[:, channel, channel] = others
    return found.reshape(len(others) * num, num * width)
