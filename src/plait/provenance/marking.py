"""Lays a mark over a picture, as faint as outlives JPEG and cut borders, or refuses to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from plait.errors import UsageError
from plait.provenance.watermark import (
    FALSE_POSITIVES,
    LEAST_SCALE,
    PUBLIC_KEY,
    TILE,
    find_mark,
    luma,
    near,
    pattern_of,
    spreads,
)

LEAST_PX = 64
"""Of the shorter side of a picture that is marked: of smaller ones too few outlive JPEG."""

FAINTEST, STRONGEST, STEP = 0.45, 1.1, 1.1
"""Of the mark, in `spreads` of the pixels around each, and how much stronger the next try is."""

LEAST_SPREAD, MOST_SPREAD = 4.0, 8.0
"""Of the pixels around one, that its mark is laid by: of 255 shades."""

LEAST_PSNR = 33.0
"""Decibels: a mark that is stronger than that is seen."""

QUALITY, CUT = 75, 0.1
"""Of JPEG, and of one side, that the mark outlives."""

SPARE = 1e-3
"""Times as much surer is a test to be of what it is tried on."""

LEAST_KEY_BYTES, MOST_KEY_BYTES = 16, 4096


class Marked(NamedTuple):
    """A picture with the mark.

    Attributes:
        pixels: uint8 ``[height, width, 3]``.
        psnr: Peak signal-to-noise ratio beside the picture without it, in decibels.
        ssim: Structural similarity to that, at most 1.
    """

    pixels: np.ndarray
    psnr: float
    ssim: float


def mark(pixels: np.ndarray, key: bytes = PUBLIC_KEY) -> Marked:
    """Return a picture with a mark as faint as is found again in JPEGs of quality `QUALITY`: of the
    whole, of it scaled down to `LEAST_SCALE`, and of such a JPEG with a tenth of any one side cut
    off.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        key: By which it is marked, and found.

    Raises:
        UsageError: The picture is smaller than `LEAST_PX`, or none that is faint enough is found
            again.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < LEAST_PX:
        raise UsageError(
            "the picture is too small for a watermark that lasts",
            expected=f"{LEAST_PX} pixels or more on the shorter side",
            received=f"{width} x {height}",
            hint="make several on one sheet (--n 4), or leave out --watermark",
        )
    _, spread = spreads(luma(pixels))
    turns = (-(-height // TILE), -(-width // TILE))
    pattern = np.tile(pattern_of(key), turns)[:height, :width]
    shape = (np.clip(spread, LEAST_SPREAD, MOST_SPREAD) * pattern)[..., None]
    strength = FAINTEST
    while strength <= STRONGEST:
        found = np.clip(np.rint(pixels + strength * shape), 0, 255).astype(np.uint8)
        if psnr(pixels, found) < LEAST_PSNR:
            break
        if _lasts(found, key):
            return Marked(found, psnr(pixels, found), ssim(pixels, found))
        strength *= STEP
    raise UsageError(
        "this picture hides no watermark that would outlive JPEG",
        expected=f"one of at least {LEAST_PSNR:g} dB that is found again",
        received=f"{width} x {height} pixels",
        hint="make it larger, or leave out --watermark",
    )


def mark_png(content: bytes, key: bytes) -> tuple[bytes, Marked]:
    """Return a PNG file with the mark within its picture, and what was marked.

    Raises `UsageError` as `mark` does, and for a file that is no PNG or has transparent places.
    """
    with Image.open(io.BytesIO(content)) as picture:
        if picture.format != "PNG" or "A" in picture.getbands() or "transparency" in picture.info:
            raise UsageError(
                "a watermark goes into opaque PNG pictures",
                expected="PNG without transparency",
                received=f"{picture.format} of {picture.mode}",
            )
        marked = mark(np.array(picture.convert("RGB")), key)
    with io.BytesIO() as file:
        Image.fromarray(marked.pixels).save(file, "PNG", optimize=True)
        return file.getvalue(), marked


def read_key(path: Path | str | None) -> bytes:
    """Return the key of a file, any bytes; plait's own, which is public, of None.

    Raises `UsageError` where there is no such file, or it is too short to be secret, or too long.
    """
    if path is None:
        return PUBLIC_KEY
    if not Path(path).is_file():
        raise UsageError("there is no such key file", path=path)
    with Path(path).open("rb") as file:
        key = file.read(MOST_KEY_BYTES + 1)
    if not LEAST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES:
        raise UsageError(
            "this is no key",
            expected=f"{LEAST_KEY_BYTES} to {MOST_KEY_BYTES:,} bytes, drawn by lot",
            received=f"{len(key):,} or more" if len(key) > MOST_KEY_BYTES else f"{len(key)}",
            path=path,
            hint="head -c 32 /dev/urandom > my.key",
        )
    return key


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two pictures, in decibels; infinite of equal ones.

    >>> round(psnr(np.zeros((8, 8, 3)), np.full((8, 8, 3), 2.0)), 2)
    42.11
    """
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return float(10 * np.log10(255.0**2 / error)) if error else np.inf


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Return the structural similarity of two pictures' brightness, at most 1 (Wang et al. 2004,
    "Image quality assessment", equation 13, over squares of 7 pixels).

    >>> ssim(np.zeros((8, 8, 3)), np.zeros((8, 8, 3)))
    1.0
    """
    one, other = luma(first).astype(np.float64), luma(second).astype(np.float64)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean1, mean2 = near(one), near(other)
    var1, var2 = near(one**2) - mean1**2, near(other**2) - mean2**2
    both = near(one * other) - mean1 * mean2
    found = (2 * mean1 * mean2 + c1) * (2 * both + c2)
    found /= (mean1**2 + mean2**2 + c1) * (var1 + var2 + c2)
    return float(found.mean())


def _lasts(pixels: np.ndarray, key: bytes) -> bool:
    """Tell whether the mark is found again, and with chances to spare, in what is made of it."""
    height, width = pixels.shape[:2]
    top, left = round(CUT * height), round(CUT * width)
    small = round(LEAST_SCALE * width), round(LEAST_SCALE * height)
    once, enough = _as_jpeg(Image.fromarray(pixels)), SPARE * FALSE_POSITIVES
    for one in (once[top:], once[:, left:], once[: height - top], once[:, : width - left], pixels):
        if find_mark(_as_jpeg(Image.fromarray(one)), key, scaled=False).p_value > enough:
            return False
    scaled = Image.fromarray(pixels).resize(small, Image.Resampling.BICUBIC)
    return find_mark(_as_jpeg(scaled), key).p_value <= enough


def _as_jpeg(picture: Image.Image) -> np.ndarray:
    with io.BytesIO() as file:
        picture.save(file, "JPEG", quality=QUALITY)
        return np.array(Image.open(file).convert("RGB"))
