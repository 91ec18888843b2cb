"""The fine part of a series: what sketches of 64 steps blur, compared where these are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.alignment import Difference
from plait.modalities.likeness import resized

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_VALUES, NUM_CHANNELS = 512, 4
"""Values that are kept of all channels together, and of how many channels."""

LEAST_STEPS = 96
"""Shorter series have no fine part: 64 steps show them well."""

STEPS_PER_STEP = 2
"""Steps of the series that a fine step stands for, or more."""

MOST_LEFT = 0.45
"""Changes that may be left, as a share of all: copies leave up to .47, resampled ones of noise too;
other series that are alike in 64 steps leave .55 and more."""

REACH = 3 / 64
"""How far two sketches of 64 steps may be from lying on each other, in halves of the time."""

CARRIER_ROUGH, CARRIER_FLAT = 1.0, 0.2
"""Changes of changes over changes from which on, and flatness of the spectrum of changes below
which, a series is an oscillation of a few steps: it does not survive another time axis."""


def fine_part(scaled: Float[ndarray, "time channel"]) -> Float[ndarray, "step channel"]:
    """Return a finer version of a standardised series.

    It has no steps where 64 show the series well, and where it would show a mere carrier.
    """
    num = min(scaled.shape[1], NUM_CHANNELS)
    steps = min(len(scaled) // STEPS_PER_STEP, NUM_VALUES // num)
    if steps < LEAST_STEPS or _is_carrier(scaled[:, :num]):
        return np.zeros((0, num), np.float32)
    return np.stack([resized(scaled[:, c : c + 1], steps, 1)[:, 0] for c in range(num)], 1)


def fine_alike(
    fixed: Float[ndarray, "step channel"], moving: Float[ndarray, "step channel"], near: Difference
) -> bool:
    """Tell whether the fine parts of two series are one but for light edits.

    Args:
        fixed, moving: The fine parts; without steps there is nothing to tell them apart by.
        near: How the sketch of the second was moved onto that of the first: what is left is made
            least among moves near that one.
    """
    num = min(len(fixed), len(moving))
    if num == 0:
        return True
    fixed, moving = _in_steps(fixed, num), _in_steps(moving, num)
    shift, stretch = 2 * near.shift[0], near.stretch[0]
    if _left(fixed, moving, shift, np.array([stretch]))[0] <= MOST_LEFT:
        return True
    moves = np.arange(-REACH, REACH, 2 / num)
    found = np.stack([_left(fixed, moving, shift + move, stretch + moves) for move in moves])
    place = np.unravel_index(found.argmin(), found.shape)
    shift, stretch = shift + moves[place[0]], stretch + moves[place[1]]
    closer = np.linspace(-1.5, 1.5, 7) / num
    last = [_left(fixed, moving, shift + move, stretch + closer).min() for move in closer]
    return bool(min(found.min(), *last) <= MOST_LEFT)


def _left(
    fixed: Float[ndarray, "step channel"],
    moving: Float[ndarray, "step channel"],
    shift: float,
    stretches: Float[ndarray, " move"],
) -> Float[ndarray, " move"]:
    """Return what is left of the changes, as a share of them, for one shift and some stretches."""
    num = len(fixed)
    spots = (np.linspace(-1.0, 1.0, num) * stretches[:, None] + shift + 1) / 2 * (num - 1)
    inside = (spots >= 0) & (spots <= num - 1)
    low = np.floor(spots).astype(int).clip(0, num - 2)
    part = (spots - low).clip(0.0, 1.0)[..., None]
    moved = np.diff(moving[low] * (1 - part) + moving[low + 1] * part, axis=1)
    own = np.diff(fixed, axis=0)
    seen = (inside[:, 1:] & inside[:, :-1])[..., None]
    both, its = ((x * moved * seen).sum(axis=(1, 2)) for x in (own, moved))
    whole = (own**2 * seen).sum(axis=(1, 2)) + 1e-12
    rest: np.ndarray = whole - both**2 / (its + 1e-12)
    return np.sqrt(rest.clip(0.0) / whole)


def _is_carrier(values: Float[ndarray, "step channel"]) -> bool:
    changes = np.diff(values, axis=0)
    mean = float((changes**2).mean()) + 1e-12
    rough = np.sqrt(float((np.diff(changes, axis=0) ** 2).mean()) / mean)
    if rough <= CARRIER_ROUGH:
        return False
    power = np.abs(np.fft.rfft(changes * np.hanning(len(changes))[:, None], axis=0)[1:]) ** 2
    power = power.mean(axis=1) + 1e-12
    return bool(np.exp(np.log(power).mean()) / power.mean() < CARRIER_FLAT)


def _in_steps(values: Float[ndarray, "step channel"], num: int) -> Float[ndarray, "step channel"]:
    if len(values) == num:
        return values
    columns = [resized(values[:, c : c + 1], num, 1)[:, 0] for c in range(values.shape[1])]
    return np.stack(columns, 1)
