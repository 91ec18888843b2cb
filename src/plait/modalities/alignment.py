"""Aligns two sketches: the smallest difference that a shift, a stretch and a gain leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from jaxtyping import Float

MOST_STRETCH, MOST_SHIFT, MOST_GAIN = 1.25, 0.1, 2.0
MOST_STEPS, LEAST_GAIN = 6, 0.02
"""Steps of an alignment, which ends where a step gains less than this share."""


@dataclass(frozen=True)
class Difference:
    """How two sketches differ once one was moved onto the other.

    Attributes:
        level: Root mean square of what is left, as a share of the fixed sketch's spread.
        detail: The same of the differences of neighbours: what is left of edges and changes.
        spots: `detail` of the worst spot, a seventh of the sketch on either side.
        shift, stretch: Of the moved sketch per axis; shares of the axis, and a factor.
        gain: What the moved sketch's values were multiplied by.
    """

    level: float
    detail: float
    spots: float
    shift: tuple[float, float]
    stretch: tuple[float, float]
    gain: float

    def is_cut(self, most: float, spare: float = 0.02) -> bool:
        """Tell whether one lies within the other, at most the share `most` of an axis being cut.

        Things that are alike by chance have to be moved and stretched as no cut does.
        """
        lost = np.abs(1 - np.array(self.stretch))
        return bool((lost <= most + spare).all() and (np.abs(self.shift) <= lost / 2 + spare).all())


def difference(
    fixed: Float[ndarray, "row column"],
    moving: Float[ndarray, "row column"],
    *,
    axes: tuple[int, ...],
    hopeless: float,
    start: float = 0.0,
    free_columns: bool = False,
) -> Difference | None:
    """Move one sketch onto another of the same shape, and return what is left; None for too much.

    The best shift and stretch along each of `axes`, gain and offset, by Gauss-Newton steps (Lucas
    and Kanade 1981; Baker and Matthews 2004, "Lucas-Kanade 20 years on", section 2).

    Args:
        fixed, moving: The sketches, smoothed.
        axes: Axes along which things may have moved.
        hopeless: Level that must be reached after two steps, and half as much more after one.
        start: First shift along the first of the axes, as a share of it.
        free_columns: Whether each column has an offset of its own (channels do, pictures do not).
    """
    shift, stretch = np.zeros(2), np.ones(2)
    tone = np.array([1.0, *[0.0] * (fixed.shape[1] if free_columns else 1)])
    shift[axes[0]] = 2 * start
    spread = float(np.linalg.norm(fixed - fixed.mean(axis=0 if free_columns else None))) + 1e-9
    before = np.inf
    for step in range(MOST_STEPS + 1):
        moved, inside = _moved(moving, shift, stretch, axes)
        rest = (fixed - tone[0] * moved - tone[1:]) * inside
        level = float(np.linalg.norm(rest)) / spread
        if step and level > hopeless * (1.5 if step == 1 else 1.0):
            return None
        if step == MOST_STEPS or level > (1 - LEAST_GAIN) * before:
            break
        before = level if step else np.inf
        _step(rest, moved, inside, axes, shift, stretch, tone)
    return _left_over(
        fixed - tone[1:],
        moved,
        inside,
        axes,
        float(tone[0]),
        (float(shift[0]) / 2, float(shift[1]) / 2),
        (float(stretch[0]), float(stretch[1])),
    )


def _step(
    rest: np.ndarray,
    moved: np.ndarray,
    inside: np.ndarray,
    axes: tuple[int, ...],
    shift: np.ndarray,
    stretch: np.ndarray,
    tone: np.ndarray,
) -> None:
    """Make one Gauss-Newton step, changing shift, stretch and tone (gain, offsets) in place."""
    num = len(tone) - 1
    levels = np.ones((1, 1, 1)) if num == 1 else np.eye(num)[:, None]
    columns = [moved, *(np.broadcast_to(level, moved.shape) for level in levels)]
    for axis in axes:
        size = moved.shape[axis]
        slope = _slope(moved, axis) * ((size - 1) / 2 / stretch[axis] * tone[0])
        place = np.linspace(-1.0, 1.0, size)
        columns += [slope, slope * (place[:, None] if axis == 0 else place)]
    matrix = (np.stack(columns) * inside).reshape(len(columns), -1)
    square = matrix @ matrix.T
    square[np.diag_indices(len(square))] += 1e-6 * np.trace(square) / len(square) + 1e-9
    change = np.linalg.solve(square, matrix @ rest.ravel())
    tone[0] = np.clip(tone[0] + change[0], 1 / MOST_GAIN, MOST_GAIN)
    tone[1:] += change[1 : num + 1]
    for number, axis in enumerate(axes):
        small = np.clip(change[num + 1 + 2 * number :][:2], -0.1, 0.1)
        shift[axis] = np.clip(shift[axis] + small[0], -2 * MOST_SHIFT, 2 * MOST_SHIFT)
        stretch[axis] = np.clip(stretch[axis] + small[1], 1 / MOST_STRETCH, MOST_STRETCH)


def _slope(values: np.ndarray, axis: int) -> np.ndarray:
    """Return central differences, per place along the axis."""
    lines = values if axis == 0 else values.T
    found = np.empty_like(lines)
    found[1:-1] = (lines[2:] - lines[:-2]) / 2
    found[0], found[-1] = lines[1] - lines[0], lines[-1] - lines[-2]
    return found if axis == 0 else found.T


def _left_over(
    fixed: np.ndarray,
    moved: np.ndarray,
    inside: np.ndarray,
    axes: tuple[int, ...],
    gain: float,
    shift: tuple[float, float],
    stretch: tuple[float, float],
) -> Difference:
    moved = gain * moved
    rest, num = (moved - fixed) * inside, max(float(inside.sum()), 1.0)
    mean = float((fixed * inside).sum()) / num
    spread = float((((fixed - mean) * inside) ** 2).sum()) + 1e-9
    own, left, seen = (_changes(x, inside, axes) for x in (fixed, moved - fixed, None))
    usual = float(own.sum()) / max(float(seen.sum()), 1.0)
    own_spots, left_spots, seen_spots = map(_spot_sums, (own, left, seen))
    spots = left_spots / (own_spots + usual * seen_spots + 1e-9)
    return Difference(
        level=float(np.sqrt((rest**2).sum() / spread)),
        detail=float(np.sqrt(left.sum() / (own.sum() + 1e-9))),
        spots=float(np.sqrt(spots.max())),
        shift=shift,
        stretch=stretch,
        gain=gain,
    )


def _changes(values: np.ndarray | None, inside: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Return squared differences of neighbours along the axes; None counts where there are any."""
    found = np.zeros_like(inside)
    for axis in axes:
        ahead = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        behind = (slice(-1), slice(None)) if axis == 0 else (slice(None), slice(-1))
        steps = inside[ahead] * inside[behind]
        if values is not None:
            steps *= (values[ahead] - values[behind]) ** 2
        found[ahead] += steps
    return found


def _spot_sums(values: np.ndarray) -> np.ndarray:
    """Return sums over overlapping spots."""
    size = [min(length, max(2, round(length / 5))) for length in values.shape]
    sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall = sums[size[0] :] - sums[: -size[0]]
    found: np.ndarray = tall[:, size[1] :] - tall[:, : -size[1]]
    return found


def _moved(
    values: np.ndarray, shift: np.ndarray, stretch: np.ndarray, axes: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values at moved places, and 1 where these lie well inside, else 0.

    The outermost places of either sketch count for nothing: filters see them in another way.
    """
    down = _interpolation(values.shape[0], float(shift[0]), float(stretch[0]), 0 in axes)
    right = _interpolation(values.shape[1], float(shift[1]), float(stretch[1]), 1 in axes)
    return down[0] @ values @ right[0].T, np.outer(down[1], right[1])


def _interpolation(
    size: int, shift: float, stretch: float, can_move: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix of cubic interpolation (Catmull-Rom) at moved places, and which are in."""
    if not can_move:
        return np.eye(size), np.ones(size)
    spots = (np.linspace(-1.0, 1.0, size) * stretch + shift + 1) / 2 * (size - 1)
    inside = (spots > 0.99) & (spots < size - 1.99)
    inside[[0, -1]] = False
    spots = spots.clip(0, size - 1)
    low = np.floor(spots).astype(int).clip(0, size - 2)
    part = spots - low
    weights = (
        -0.5 * part + part**2 - 0.5 * part**3,
        1 - 2.5 * part**2 + 1.5 * part**3,
        0.5 * part + 2 * part**2 - 1.5 * part**3,
        -0.5 * part**2 + 0.5 * part**3,
    )
    padded = np.zeros((size, size + 3))
    for place, weight in enumerate(weights):
        padded[np.arange(size), low + place] = weight
    matrix = padded[:, 1 : size + 1]
    matrix[:, 0] += padded[:, 0]
    matrix[:, -1] += padded[:, -2:].sum(1)
    return matrix, inside.astype(float)
