"""What came before some rows, and what is known of their steps, as matrices for a linear map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.types import Arrays


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


def outputs_of(targets: Sequence[Arrays], length: int, num: int, *, by_channel: bool) -> np.ndarray:
    """Return targets of one length, ended by their last value where they are shorter.

    Args:
        targets: Prepared series of `num` channels.
        length: Steps.
        num: Channels.
        by_channel: Whether each channel has a row of its own, ``[row * channel, step]``; else a row
            has all, ``[row, step * channel]``.
    """
    found = np.zeros((len(targets), length, num))
    for place, one in enumerate(targets):
        values = one["values"][:length]
        found[place, : len(values)] = values
        found[place, len(values) :] = values[-1]
    if by_channel:
        return found.transpose(0, 2, 1).reshape(-1, length)
    return found.reshape(len(targets), -1)


def lengths_of(matrices: Any, name: str) -> np.ndarray:
    """Return of how many steps what came before is, int64 ``[row]``; 0 where it is absent."""
    column = matrices.prepared.columns[name]
    values = [column[int(row)] for row in matrices.rows]
    return np.array([0 if one is None else len(one["values"]) for one in values], np.int64)


def known_column(matrices: Any) -> str:
    """Return the column that tells what is known ahead; "" for none."""
    columns = matrices.prepared.columns
    names = list(matrices.features.scales)
    return next((n for n in names if getattr(columns[n].codec, "ahead", 0) > 0), "")


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
