"""Pictures varied at random: shifted, lighter or darker, partly hidden; and damaged."""

from __future__ import annotations

import numpy as np
from PIL import Image


def shades(jitter: float, rng: np.random.Generator) -> np.ndarray | None:
    """Return what each of 256 shades becomes in another light and contrast; None for no change.

    Args:
        jitter: Largest relative change.
        rng: Draws.
    """
    if not jitter:
        return None
    gain, bias = 1 + jitter * rng.uniform(-1, 1, 2)
    return np.clip((np.arange(256) - 128) * gain + 128 * bias, 0, 255).astype(np.uint8)


def shifted(pixels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a picture shifted by at most a share of its height; its edges fill what is bared."""
    reach = round(share * pixels.shape[0])
    if not reach:
        return pixels
    down, right = rng.integers(-reach, reach + 1, 2)
    size_y, size_x = pixels.shape[:2]
    rows = np.clip(np.arange(size_y) + down, 0, size_y - 1)
    columns = np.clip(np.arange(size_x) + right, 0, size_x - 1)
    return pixels[rows[:, None], columns]


def erased(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture with a rectangle of one shade (Zhong et al. 2020, "Random Erasing")."""
    size_y, size_x = pixels.shape[:2]
    height, width = (max(1, int(s * rng.uniform(0.1, 0.4))) for s in (size_y, size_x))
    top, left = rng.integers(0, size_y - height + 1), rng.integers(0, size_x - width + 1)
    pixels = pixels.copy()
    pixels[top : top + height, left : left + width] = rng.integers(0, 256)
    return pixels


def blurred(raw: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Return a picture blurred by downscaling, with a sensor's noise.

    Args:
        raw: uint8 ``[height, width, 3]``.
        severity: In (0, 1].
        rng: Draws.
    """
    height, width = raw.shape[:2]
    factor = 1 - 0.75 * severity
    small = max(1, round(width * factor)), max(1, round(height * factor))
    found = Image.fromarray(raw).resize(small).resize((width, height))
    noise = rng.normal(0, 60 * severity, raw.shape)
    return np.clip(np.asarray(found) + noise, 0, 255).astype(np.uint8)
