"""What came before some rows, and what is known of their steps, as matrices for a linear map."""

from __future__ import annotations

from typing import Any

import numpy as np


def histories_of(matrices: Any, name: str, target: Any, num_steps: int) -> np.ndarray:
    """Return the last steps of what came before, float64 ``[row * channel, step]``.

    They are in the target's own scale; shorter ones begin with their first value, absent ones are
    the mean.

    Args:
        matrices: `plait.baselines.feature_matrices.FeatureMatrices` of the rows.
        name: The column of what came before.
        target: Codec of the target.
        num_steps: How many.
    """
    column = matrices.prepared.columns[name]
    codec, num = column.codec, max(target.num_channels, 1)
    found = np.zeros((len(matrices), num, num_steps), np.float64)
    scales = np.array(target.scales or [1.0] * num)
    scale = np.array(codec.scales or [1.0] * num) / scales
    shift = np.array(codec.means or [0.0] * num) - np.array(target.means or [0.0] * num)
    for place, row in enumerate(matrices.rows):
        value = column[int(row)]
        if value is None:
            continue
        last = value["values"][-num_steps:] * scale + shift / scales
        found[place, :, -len(last) :] = last.T
        found[place, :, : -len(last)] = last[:1].T
    return found.reshape(-1, num_steps)


def known_of(matrices: Any, name: str, before: int, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is known of the steps before and ahead, float64 ``[row, step, channel]``.

    It is scaled as its column's codec does; steps of which nothing is known are the mean, 0.

    Args:
        matrices: `plait.baselines.feature_matrices.FeatureMatrices` of the rows.
        name: The column whose last steps are ahead.
        before, ahead: Steps.
    """
    column = matrices.prepared.columns[name]
    beyond, num = column.codec.ahead, max(column.codec.num_channels, 1)
    found = np.zeros((len(matrices), before + beyond, num))
    for place, row in enumerate(matrices.rows):
        value = column[int(row)]
        if value is not None:
            last = value["values"][-(before + beyond) :]
            found[place, len(found[place]) - len(last) :] = last
    return found[:, :before], found[:, before : before + ahead]
