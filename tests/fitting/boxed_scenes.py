"""Pictures of discs and squares on a noisy ground, and the boxes around them."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image

CLASSES = ("disc", "square")
COLOURS = ((230, 60, 40), (40, 80, 230))


def scene(rng, num, width=64, height=48):
    """Return a picture's bytes (PNG) and its boxes as JSON, left, top, width and height."""
    pixels = np.clip(rng.normal(110, 20, (height, width, 3)), 0, 255).astype(np.uint8)
    found = []
    for _ in range(num):
        side, kind = int(rng.integers(12, 18)), int(rng.integers(2))
        left, top = int(rng.integers(0, width - side)), int(rng.integers(0, height - side))
        y, x = np.mgrid[:side, :side] - side / 2 + 0.5
        inside = (x**2 + y**2 <= side**2 / 4) | bool(kind)
        pixels[top : top + side, left : left + side][inside] = COLOURS[kind]
        found.append({"class": CLASSES[kind], "bbox": [left, top, side, side]})
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue(), json.dumps(found)


def scenes(num, seed=0, most=2):
    """Return rows of ``picture`` and ``things``; some have nothing on them."""
    rng = np.random.default_rng(seed)
    found = [scene(rng, int(rng.integers(0, most + 1))) for _ in range(num)]
    return [{"picture": picture, "things": boxes} for picture, boxes in found]
