"""Sketches of pictures: 24 x 24 grey levels and 6 x 6 colours, compared where they lie best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray
from PIL import Image

from plait.modalities.alignment import Difference, difference
from plait.modalities.likeness import Fingerprint, resized_all, sign_codes, smoothed

if TYPE_CHECKING:
    from jaxtyping import UInt8

SIDE, COLOUR_SIDE, CODE_SIDE = 24, 6, 8
LEAST_SPREAD = 3.0
"""Grey levels: a picture with less structure than this is blank."""

LEAST_LIKENESS = 0.84
"""Correlation of coarse grey levels below which nothing is aligned."""

MOST_LEVEL, MOST_DETAIL, MOST_SPOTS, MOST_CUT = 0.22, 0.16, 0.3, 0.1
"""Shares that may be left of levels, of edges in all and in one spot, and be cut off a side."""

MOST_COLOUR, MOST_SPOT_COLOUR, MOST_ASPECT = 8.0, 30.0, 0.16
"""Levels of colour that may differ, on average and in one spot; logarithm of a ratio."""


def fingerprint_pictures(
    raws: Sequence[UInt8[ndarray, "height width 3"]],
) -> list[Fingerprint | None]:
    """Return what the pictures' near-duplicates are found by; None for blank ones.

    A picture's are bit for bit the same whatever others are beside it.
    """
    if not len(raws):
        return []
    small = np.stack([_scaled_down(raw) for raw in raws])
    greys = np.asarray(_tower(small).convert("L")).reshape(-1, SIDE, SIDE)
    blocks = resized_all(small, COLOUR_SIDE, Image.Resampling.BOX)
    colours = np.asarray(_tower(blocks).convert("YCbCr")).reshape(len(raws), -1, 3)[..., 1:]
    spreads = greys.reshape(len(raws), -1).std(axis=1)
    found: list[Fingerprint | None] = []
    for raw, grey, colour, spread, code in zip(
        raws, greys, colours, spreads, picture_codes(greys), strict=True
    ):
        aspect = np.array([np.log(raw.shape[1] / raw.shape[0])], np.float16)
        sketch = aspect.tobytes() + grey.tobytes() + colour.tobytes()
        found.append(None if spread < LEAST_SPREAD else Fingerprint(code, sketch))
    return found


def _scaled_down(raw: np.ndarray) -> UInt8[ndarray, "24 24 3"]:
    return np.asarray(Image.fromarray(raw).resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _tower(pictures: UInt8[ndarray, "picture height width 3"]) -> Image.Image:
    """Return pictures as one, each below the other."""
    return Image.fromarray(np.ascontiguousarray(pictures).reshape(-1, pictures.shape[2], 3))


def picture_codes(greys: UInt8[ndarray, "picture 24 24"]) -> list[bytes]:
    """Return the codes of coarse grey levels, whatever brightness and contrast."""
    coarse = resized_all(greys.astype(np.float32), CODE_SIDE).reshape(len(greys), -1)
    return sign_codes(coarse - coarse.mean(axis=1, keepdims=True))


def pictures_alike(first: bytes, second: bytes) -> bool:
    """Tell whether two sketches show one picture: scaled, brighter, cropped a little."""
    if first == second:
        return True
    first, second = sorted((first, second))
    return laid_over(first, second) is not None


def laid_over(first: bytes, second: bytes) -> Difference | None:
    """Return how two sketches differ where they lie best; None where they are not alike."""
    one, other = (_opened(sketch) for sketch in (first, second))
    if abs(one[0] - other[0]) > MOST_ASPECT:
        return None
    colours = np.abs(one[2] - other[2])
    if colours.mean() > MOST_COLOUR or colours.max() > MOST_SPOT_COLOUR:
        return None
    if correlation(one[1][::3, ::3], other[1][::3, ::3]) < LEAST_LIKENESS:
        return None
    left = difference(one[1], other[1], axes=(0, 1), hopeless=MOST_LEVEL)
    if left is None:
        return None
    like = left.detail <= MOST_DETAIL and left.spots <= MOST_SPOTS and left.is_cut(MOST_CUT)
    return left if like else None


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Pearson's correlation of all values; 0 where either has no spread."""
    one, other = (x - x.mean() for x in (first.ravel(), second.ravel()))
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size else 0.0


def _opened(sketch: bytes) -> tuple[float, np.ndarray, np.ndarray]:
    aspect = float(np.frombuffer(sketch, np.float16, 1)[0])
    grey = np.frombuffer(sketch, np.uint8, SIDE * SIDE, 2).reshape(SIDE, SIDE)
    colours = np.frombuffer(sketch, np.uint8, offset=2 + SIDE * SIDE).astype(np.float32)
    return aspect, smoothed(grey.astype(np.float64), (0, 1)), colours
