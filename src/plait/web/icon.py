"""The page's icon: three strands, plaited."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw

GROUND, STRANDS = "#14181c", ("#7cb8ec", "#f0b45c", "#7fd0a6")
FINER = 4
"""Drawn so many times larger, then scaled down: edges are smooth."""

NUM_STEPS, NUM_TURNS = 800, 1.0
TOP, LENGTH, SWING = 0.12, 0.76, 0.19
THICK, EDGE = 0.062, 0.016
"""Shares of the side: where strands begin, how long they are, how far they swing; half of a
strand's width, and the gap around it."""

NUM_COLOURS = 48


def icon(size_px: int) -> bytes:
    """Return a PNG file of a square icon."""
    side = size_px * FINER
    picture = Image.new("RGB", (side, side), GROUND)
    draw = ImageDraw.Draw(picture)
    slice_px = side * LENGTH / NUM_STEPS + 1
    for step in range(NUM_STEPS):
        along = step / NUM_STEPS
        y = side * (TOP + LENGTH * along)
        angles = [2 * math.pi * (NUM_TURNS * along + strand / 3) for strand in range(3)]
        # Of strands that cross, the one whose turn it is lies on top.
        for strand in sorted(range(3), key=lambda one: math.sin(2 * angles[one])):
            x = side * (0.5 + SWING * math.sin(angles[strand]))
            for radius, colour in ((THICK + EDGE, GROUND), (THICK, STRANDS[strand])):
                reach = side * radius
                draw.rectangle((x - reach, y, x + reach, y + slice_px), fill=colour)
    small = picture.resize((size_px, size_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(NUM_COLOURS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
