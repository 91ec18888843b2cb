"""Sketches of series: 64 smooth steps of up to twelve channels, and each channel's scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.likeness import Fingerprint, difference, resized, sign_code, smoothed

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_STEPS, NUM_KEPT = 64, 12
LEAST_STEPS = 8
LEVELS = 4000
"""Levels per spread of a channel."""

LEAST_SEEN = 1e-2
"""Share of a channel's spread that must be left of it when smoothed."""

MOST_LENGTH, MOST_SCALE, MOST_MEAN, MOST_GAIN = 0.4, 0.3, 0.3, 0.06
"""Logarithms of ratios of lengths and spreads; means in spreads, and in shares of the means."""

MOST_CUT, HOPELESS = 0.07, 0.5
"""Share of the time that may be cut off; of levels that may be left after two steps."""

STRICT, ROUGH, LENIENT = 0.11, 0.6, 0.5
"""Changes that may be left, as a share of how much changes change; from ROUGH on, more."""


def fingerprint_series(values: Float[ndarray, "time channel"]) -> Fingerprint | None:
    """Return what the near-duplicates of a series are found by; None for short and flat ones."""
    values = np.nan_to_num(values.astype(np.float64))
    means, spreads = values.mean(0), values.std(0)
    if len(values) < LEAST_STEPS or not np.isfinite(spreads).all() or not (spreads > 1e-9).any():
        return None
    scaled = (values - means) / np.maximum(spreads, 1e-9)
    scaled = scaled[:, _kept(scaled.shape[1])]
    num = scaled.shape[1]
    columns = [resized(scaled[:, c : c + 1], NUM_STEPS, 1)[:, 0] for c in range(num)]
    small = np.stack(columns, 1)
    spread = float(small.std())
    if spread < LEAST_SEEN or np.unique(small.round(3)).size < 4:
        return None
    levels = np.rint(small * LEVELS).clip(-32767, 32767).astype(np.int16)
    head = np.array([len(values), num, len(means)], np.uint32).tobytes()
    scales = np.concatenate([means, spreads]).astype(np.float32).tobytes()
    return Fingerprint(sign_code(small.ravel()), head + scales + levels.tobytes())


def series_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches are one series: rounded, its ends cut, noise of some percent.

    The smoother a series, the closer another must come: smooth ones are easily alike by chance.
    """
    if first == second:
        return True
    first, second = sorted((first, second))
    one, other = _opened(first), _opened(second)
    if one[1].shape != other[1].shape or one[2].shape != other[2].shape:
        return False
    if abs(np.log(one[0] / other[0])) > MOST_LENGTH or not _same_scale(one[1], other[1]):
        return False
    places = _kept(one[1].shape[1])
    means, spreads = (np.maximum(x, 1e-9) if i else x for i, x in enumerate(one[1][:, places]))
    moving = (other[2] * other[1][1, places] + other[1][0, places] - means) / spreads
    left = difference(one[2], moving, axes=(0,), hopeless=HOPELESS, free_columns=True)
    if left is None:
        return False
    rough = _roughness(one[2])
    most = STRICT * rough + LENIENT * max(0.0, rough - ROUGH)
    return left.detail <= most and left.level <= most and left.is_cut(MOST_CUT)


def _roughness(steps: Float[ndarray, "step channel"]) -> float:
    """Return how much changes change from step to step: .3 for smooth series, 1 for noise."""
    first, second = (float((np.diff(steps, n, axis=0) ** 2).mean()) for n in (1, 2))
    return float(np.sqrt(second / (first + 1e-12)))


def _same_scale(one: np.ndarray, other: np.ndarray) -> bool:
    """Compare means and spreads, ``[2, channel]``."""
    spread = np.maximum(one[1], 1e-9)
    ratio = np.abs(np.log(spread / np.maximum(other[1], 1e-9)))
    apart = np.abs(one[0] - other[0])
    return bool(
        (ratio <= MOST_SCALE).all()
        and (apart <= MOST_MEAN * spread + MOST_GAIN * np.abs(one[0])).all()
    )


def _opened(sketch: bytes) -> tuple[int, np.ndarray, np.ndarray]:
    """Return the length, means and spreads ``[2, channel]``, and the smoothed sketch."""
    length, num, num_channels = np.frombuffer(sketch, np.uint32, 3).tolist()
    scales = np.frombuffer(sketch, np.float32, 2 * num_channels, 12).reshape(2, num_channels)
    steps = np.frombuffer(sketch, np.int16, offset=12 + 8 * num_channels).reshape(-1, num)
    values = smoothed(steps / LEVELS, (0,))
    return length, scales.astype(np.float64), values


def _kept(num_channels: int) -> np.ndarray:
    """Return which channels a sketch shows: all, or twelve spread over many."""
    places: np.ndarray = np.linspace(0, num_channels - 1, min(num_channels, NUM_KEPT))
    return places.round().astype(int)
