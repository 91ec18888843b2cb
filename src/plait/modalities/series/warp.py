"""Crops and gently warps the time of a prepared series (augmentation)."""

from __future__ import annotations

import numpy as np

from plait.types import Arrays


def warp(
    arrays: Arrays, rng: np.random.Generator, *, crop: float = 0.1, bend: float = 0.03
) -> Arrays:
    """Return the series read along a randomly cropped and bent clock, at its old length.

    Args:
        arrays: ``values`` float32 ``[time, channel]`` and perhaps ``seen`` uint8.
        crop: Largest share of the time that is cut off, split at random between both ends.
        bend: Largest advance or delay of the clock, as a share of the time.
    """
    values = arrays["values"]
    num_steps = len(values)
    if num_steps < 8:
        return dict(arrays)
    clock = np.linspace(0.0, 1.0, num_steps)
    waves = rng.integers(1, 4)
    clock = clock + bend * rng.uniform(-1, 1) / waves * np.sin(np.pi * waves * clock)
    cut = rng.uniform(0.0, crop)
    start = cut * rng.random()
    place = (start + clock * (1.0 - cut)).clip(0.0, 1.0) * (num_steps - 1)
    before = np.minimum(place.astype(int), num_steps - 2)
    weight = (place - before).astype(np.float32)[:, None]
    warped = values[before] * (1 - weight) + values[before + 1] * weight
    changed = {**arrays, "values": warped}
    if "seen" in arrays:
        changed["seen"] = arrays["seen"][np.rint(place).astype(int)]
    return changed
