"""Near-duplicates: short codes propose which values to compare; sketches are what confirms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray
from PIL import Image

if TYPE_CHECKING:
    from jaxtyping import Float

NUM_BITS = 256


@dataclass(frozen=True)
class Fingerprint:
    """What a near-duplicate of a value is found by.

    Attributes:
        code: 32 bytes, of whose bits near-duplicates share all but a quarter; others half or more
            as a rule, but that is not sure.
        sketch: What the codec's `alike` compares: some hundred bytes.
    """

    code: bytes
    sketch: bytes


def sign_code(values: Float[ndarray, " value"]) -> bytes:
    """Return 256 bits, of which two vectors differ in about the share angle / pi.

    Signs of random projections (Charikar 2002, "Similarity estimation techniques from rounding
    algorithms", section 3).
    """
    return sign_codes(values[None])[0]


def sign_codes(values: Float[ndarray, "row value"]) -> list[bytes]:
    """Return the code of each row: bit for bit the same whatever others are beside it."""
    lengths = _directions(values.shape[1]) @ values.astype(np.float32)[..., None]
    return [bits.tobytes() for bits in np.packbits(lengths[..., 0] > 0, axis=1)]


def resized(
    values: Float[ndarray, "row column"], height: int, width: int
) -> Float[ndarray, "height width"]:
    """Return a smaller or larger version: a triangle filter, so that little is aliased."""
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR))


def resized_all(
    values: ndarray, side: int, how: Image.Resampling = Image.Resampling.BILINEAR
) -> ndarray:
    """Return many squares in another size, bit for bit as Pillow scales each alone.

    Pillow scales lines, then columns (from version 13 on not of tall pictures, but of squares).
    Where lines lie one below the other, those of many take one call; columns do once they are
    turned into lines.

    Args:
        values: float32 ``[item, row, column]``, or uint8 ``[item, row, column, 3]``; as many rows
            as columns.
        side: In place of these.
        how: The filter; a triangle if not said.
    """
    turned = _resized_lines(values, side, how).swapaxes(1, 2)
    return _resized_lines(turned, side, how).swapaxes(1, 2)


def _resized_lines(values: ndarray, width: int, how: Image.Resampling) -> ndarray:
    num, height, before, *channels = values.shape
    picture = Image.fromarray(np.ascontiguousarray(values).reshape(num * height, before, *channels))
    found = picture.resize((width, num * height), how)
    return np.asarray(found).reshape(num, height, width, *channels)


def smoothed(values: Float[ndarray, "row column"], axes: tuple[int, ...]) -> np.ndarray:
    """Return the values blurred by 1-2-1, so that they can be interpolated."""
    for axis in axes:
        ahead = np.roll(values, -1, axis)
        behind = np.roll(values, 1, axis)
        last, first = [slice(None)] * 2, [slice(None)] * 2
        last[axis], first[axis] = slice(-1, None), slice(0, 1)
        ahead[tuple(last)] = values[tuple(last)]
        behind[tuple(first)] = values[tuple(first)]
        values = (behind + 2 * values + ahead) / 4
    return values


@cache
def _directions(num: int) -> Float[ndarray, "bit value"]:
    """Return random directions; the legacy generator's stream is the same in every NumPy."""
    found: np.ndarray = np.random.RandomState(11).standard_normal((NUM_BITS, num))
    return found.astype(np.float32)
