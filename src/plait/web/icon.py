"""The page's icon: three strands, plaited."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw

GROUND, STRANDS = "#14181c", ("#7cb8ec", "#f0b45c", "#7fd0a6")
FINER = 4
"""Drawn so many times larger, then scaled down: edges are smooth."""


def icon(size_px: int) -> bytes:
    """Return a PNG file of a square icon."""
    side = size_px * FINER
    picture = Image.new("RGB", (side, side), GROUND)
    draw = ImageDraw.Draw(picture)
    width, num = side * 0.085, 240
    for step in range(num + 1):
        along = step / num
        angles = [2 * math.pi * (along * 1.5 + strand / 3) for strand in range(3)]
        # Of strands that cross, the one whose turn it is lies on top.
        for strand in sorted(range(3), key=lambda one: math.sin(2 * angles[one])):
            x = side * (0.5 + 0.2 * math.sin(angles[strand]))
            y = side * (0.14 + 0.72 * along)
            box = (x - width, y - width, x + width, y + width)
            draw.ellipse(box, fill=STRANDS[strand])
    buffer = io.BytesIO()
    small = picture.resize((size_px, size_px), Image.Resampling.LANCZOS)
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
