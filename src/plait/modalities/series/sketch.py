"""Sketches of series: 64 smooth steps of up to twelve channels, their scales, and a fine part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.modalities.alignment import Difference, difference
from plait.modalities.likeness import Fingerprint, resized, sign_code, smoothed
from plait.modalities.series.fine import fine_alike, fine_part

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

MOST_SCALE_FINE, MOST_SLOW = 0.1, 0.12
"""Logarithms of ratios: of spreads, added where all is fast; of the slow part of two copies."""

MOST_CUT, SPARE, HOPELESS = 0.07, 0.012, 0.5
"""Shares: of the time that may be cut off, of more that it may be moved; of levels that may be left
after two steps."""

STRICT, ROUGH, LENIENT = 0.11, 0.6, 0.5
"""Changes that may be left, as a share of how much changes change; from ROUGH on, more."""

LEAK = 0.02
"""What noise and fast parts may leave in a level, as a share of theirs, where a step of the sketch
is one of the series; less by the root of how many it is the mean of; twice as much in changes."""


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
    fine = np.rint(fine_part(scaled) * LEVELS).clip(-32767, 32767).astype(np.int16)
    head = np.array([len(values), num, len(means), *fine.shape], np.uint32).tobytes()
    scales = np.concatenate([means, spreads]).astype(np.float32).tobytes()
    sketch = head + scales + levels.tobytes() + fine.tobytes()
    return Fingerprint(sign_code(small.ravel()), sketch)


def series_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches are one series: rounded, its ends cut, noise of some percent.

    The smoother a series, the closer another must come: smooth ones are easily alike by chance.
    Either must fit the other: lone steps and spikes near an end often do so one way only.
    """
    if first == second:
        return True
    one, other = map(_opened, sorted((first, second)))
    if one.scales.shape != other.scales.shape or one.steps.shape != other.steps.shape:
        return False
    apart = abs(np.log(one.length / other.length))
    if apart > MOST_LENGTH or not _same_scale(one, other):
        return False
    there, back = _onto(one, other), _onto(other, one)
    return there is not None and back is not None and fine_alike(one.detail, other.detail, there)


def _onto(one: _Sketch, other: _Sketch) -> Difference | None:
    """Return how the other lies on the one, if it is the same but for light edits; else None."""
    places = _kept(one.scales.shape[1])
    means, its_means = one.scales[0, places], other.scales[0, places]
    spreads, its_spreads = (np.maximum(it.scales[1, places], 1e-9) for it in (one, other))
    moving = (other.values * its_spreads + its_means - means) / spreads
    left = difference(one.values, moving, axes=(0,), hopeless=HOPELESS, free_columns=True)
    if left is None or not left.is_cut(MOST_CUT, SPARE):
        return None
    if not _same_slow_part(left.gain, its_spreads / spreads):
        return None
    rough = _roughness(one.values)
    most = STRICT * rough + LENIENT * max(0.0, rough - ROUGH)
    leak = LEAK * one.fine * np.sqrt(min(1.0, NUM_STEPS / one.length))
    changes = np.sqrt((np.diff(one.values, axis=0) ** 2).mean())
    same = left.detail <= np.hypot(most, 2 * leak / (changes + 1e-9))
    same &= left.level <= np.hypot(most, leak / (one.values.std() + 1e-9))
    return left if same else None


def _same_slow_part(gain: float, ratio: Float[ndarray, " channel"]) -> bool:
    """Tell whether the slow part is as large in both, in itself or as a share of the spread.

    Resampling takes from the spread of what is fast, a gain multiplies both alike.

    Args:
        gain: That makes the other's slow part the one's.
        ratio: The other's spreads over the one's.
    """
    itself, shares = abs(np.log(gain)), np.abs(np.log(gain * ratio)).max()
    return bool(min(itself, shares) <= MOST_SLOW)


@dataclass(frozen=True)
class _Sketch:
    """A sketch, opened.

    Attributes:
        length: Steps of the series.
        scales: Means and spreads ``[2, channel]``.
        steps: Of the channels shown, in spreads: ``[step, channel]``.
        detail: Its fine part.
    """

    length: int
    scales: np.ndarray
    steps: np.ndarray
    detail: np.ndarray

    @cached_property
    def values(self) -> np.ndarray:
        """The steps, smoothed."""
        return smoothed(self.steps, (0,))

    @cached_property
    def fine(self) -> float:
        """Share of the spread that is too fast for a sketch to show, 0 to 1."""
        moving = self.scales[1, _kept(self.scales.shape[1])] > 1e-9
        fast = np.maximum(0.0, 1 - self.steps.var(axis=0))
        return float(np.sqrt(fast[moving].mean()))


def _roughness(steps: Float[ndarray, "step channel"]) -> float:
    """Return how much changes change from step to step: .3 for smooth series, 1 for noise."""
    first, second = (float((np.diff(steps, n, axis=0) ** 2).mean()) for n in (1, 2))
    return float(np.sqrt(second / (first + 1e-12)))


def _same_scale(one: _Sketch, other: _Sketch) -> bool:
    """Compare means and spreads, which fall more by resampling where more is fast."""
    (means, spreads), (its_means, its_spreads) = one.scales, other.scales
    spreads = np.maximum(spreads, 1e-9)
    ratio = np.abs(np.log(spreads / np.maximum(its_spreads, 1e-9)))
    apart = np.abs(means - its_means)
    return bool(
        (ratio <= MOST_SCALE + MOST_SCALE_FINE).all()
        and (apart <= MOST_MEAN * spreads + MOST_GAIN * np.abs(means)).all()
        and (ratio <= MOST_SCALE + MOST_SCALE_FINE * one.fine).all()
    )


def _opened(sketch: bytes) -> _Sketch:
    length, num, num_channels, *shape = np.frombuffer(sketch, np.uint32, 5).tolist()
    scales = np.frombuffer(sketch, np.float32, 2 * num_channels, 20).reshape(2, num_channels)
    levels = np.frombuffer(sketch, np.int16, offset=20 + 8 * num_channels) / LEVELS
    steps, detail = np.split(levels, [NUM_STEPS * num])
    return _Sketch(
        length, scales.astype(np.float64), steps.reshape(NUM_STEPS, num), detail.reshape(shape)
    )


def _kept(num_channels: int) -> np.ndarray:
    """Return which channels a sketch shows: all, or twelve spread over many."""
    places: np.ndarray = np.linspace(0, num_channels - 1, min(num_channels, NUM_KEPT))
    return places.round().astype(int)
