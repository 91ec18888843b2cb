"""Which boxes that were said hit which true ones, and which of them say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

THRESHOLDS = np.arange(10) * 0.05 + 0.5
"""Overlaps from which on a box counts as hit, as COCO counts them."""


def overlaps(
    first: Float[ndarray, "box 4"], second: Float[ndarray, "box2 4"]
) -> Float[ndarray, "box box2"]:
    """Return the intersection over union of every pair of boxes, 0 to 1."""
    a, b = first[:, None], second[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.clip(sides, 0, None).prod(-1)
    areas = [(one[..., 2:] - one[..., :2]).prod(-1) for one in (a, b)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-12))


def insides(
    first: Float[ndarray, "box 4"], second: Float[ndarray, "box2 4"]
) -> Float[ndarray, "box box2"]:
    """Return the share of each of the first boxes that each of the second covers, 0 to 1."""
    a, b = first[:, None], second[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    areas = (first[:, 2:] - first[:, :2]).prod(1)
    return np.asarray(np.clip(sides, 0, None).prod(-1) / np.maximum(areas, 1e-12)[:, None])


def hits(
    near: Float[ndarray, "said true"], scores: Float[ndarray, " said"]
) -> Bool[ndarray, "threshold said"]:
    """Return which boxes that were said hit a true one, for each of `THRESHOLDS`.

    The surest is first to take the true box that it overlaps most, of those that are left; each is
    taken once (COCO's evaluation, Lin et al. 2014).

    Args:
        near: Overlaps.
        scores: Of the boxes that were said.
    """
    num_said, num_true = near.shape
    found = np.zeros((len(THRESHOLDS), num_said), bool)
    if not num_true or not num_said or near.max() < THRESHOLDS[0]:
        return found
    taken = np.zeros((len(THRESHOLDS), num_true), bool)
    levels = np.minimum(THRESHOLDS, 1 - 1e-10)
    every = np.arange(len(THRESHOLDS))
    for place in np.argsort(-scores, kind="stable"):
        if near[place].max() < levels[0]:
            continue
        left = np.where(taken, -1.0, near[place])
        # Of equals the last is taken, as COCO's loop does.
        best = num_true - 1 - left[:, ::-1].argmax(1)
        hit = left[every, best] >= levels
        found[hit, place] = True
        taken[every[hit], best[hit]] = True
    return found


def distinct(
    corners: Float[ndarray, "box 4"], labels: Int[ndarray, " box"], most_overlap: float, most: int
) -> Int[ndarray, " kept"]:
    """Return the places of boxes that are left when each removes those of its class that overlap it
    more (non-maximum suppression).

    Args:
        corners, labels: Of boxes, the surest first.
        most_overlap: 0 to 1.
        most: How many are left at most.
    """
    near = overlaps(corners, corners) * (labels[:, None] == labels)
    kept: list[int] = []
    left = np.ones(len(corners), bool)
    for place in range(len(corners)):
        if left[place]:
            kept.append(place)
            if len(kept) == most:
                break
            left &= near[place] <= most_overlap
    return np.array(kept, np.int64)


def voted(
    corners: Float[ndarray, "box 4"],
    labels: Int[ndarray, " box"],
    scores: Float[ndarray, " box"],
    kept: Int[ndarray, " kept"],
    least_overlap: float,
) -> Float[ndarray, "kept 4"]:
    """Return the boxes that are kept, each the mean of all of its class that overlap it, weighed by
    their scores: what neighbours say evens out (Gidaris and Komodakis 2015, section 3, "voting").

    Args:
        corners, labels, scores: Of all boxes.
        kept: Places of those that are left.
        least_overlap: From which on a box has a say.
    """
    near = overlaps(corners[kept], corners) * (labels[kept][:, None] == labels)
    weights = np.where(near >= least_overlap, scores, 0.0)
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights @ corners / np.maximum(total, 1e-12))
