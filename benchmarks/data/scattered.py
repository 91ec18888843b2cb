"""Stickers of twenty kinds scattered on backgrounds of noise and colour, with their boxes."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.data.tables import cached

NUM_KINDS, NUM_TRAIN, NUM_VALIDATION, NUM_TEST = 20, 400, 60, 120
WIDTH, HEIGHT = 256, 192
MOST, SIDES, TURN = 7, (32, 64), 15.0
"""Stickers of a picture, their longer sides in pixels, and degrees that they are turned by."""

MOST_COVERED = 0.2
"""Of a sticker by those that are laid over it."""


def scattered() -> pa.Table:
    """Return ``picture`` (PNG), ``boxes`` (JSON: left, top, width, height) and ``split``."""
    return cached(f"scattered-{NUM_KINDS}-{NUM_TRAIN}-{NUM_TEST}", _made)


def kinds() -> dict[str, Image.Image]:
    """Return name -> cut-out sticker of the twenty kinds."""
    import pyarrow.parquet as pq

    import plait.demo

    table = pq.read_table(plait.demo.stickers()).to_pylist()
    named = {row["name"]: row["image"] for row in table if row["image"] and row["name"]}
    names = sorted(named)
    chosen = np.random.default_rng(20).choice(len(names), NUM_KINDS, replace=False)
    return {names[i]: _cut_out(named[names[i]]) for i in sorted(chosen)}


def _cut_out(png: bytes) -> Image.Image:
    """Return a sticker with what is white around it made clear, cut to what is left."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    pixels = np.array(picture)
    if (pixels[..., 3] == 255).all():
        pixels[..., 3] = np.where((pixels[..., :3] > 250).all(-1), 0, 255)
    found = Image.fromarray(pixels)
    return found.crop(found.getbbox())


def _made() -> pa.Table:
    rng, every = np.random.default_rng(7), kinds()
    parts = {"train": NUM_TRAIN, "validation": NUM_VALIDATION, "test": NUM_TEST}
    rows = [(*_scene(every, rng), part) for part, num in parts.items() for _ in range(num)]
    pictures, boxes, splits = zip(*rows, strict=True)
    return pa.table({"picture": pictures, "boxes": boxes, "split": splits})


def _scene(every: dict[str, Image.Image], rng: np.random.Generator) -> tuple[bytes, str]:
    ground = _ground(rng)
    names, found, places = list(every), [], list[np.ndarray]()
    for _ in range(int(rng.integers(1, MOST + 1))):
        name = names[rng.integers(len(names))]
        sticker = _varied(every[name], rng)
        left = int(rng.integers(0, WIDTH - sticker.width))
        top = int(rng.integers(0, HEIGHT - sticker.height))
        box = np.array([left, top, left + sticker.width, top + sticker.height])
        if any(_covered(other, box) > MOST_COVERED for other in places):
            continue
        ground.paste(sticker, (left, top), sticker)
        places.append(box)
        found.append({"class": name, "bbox": [left, top, sticker.width, sticker.height]})
    buffer = io.BytesIO()
    ground.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue(), json.dumps(found)


def _varied(sticker: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = int(rng.integers(SIDES[0], SIDES[1] + 1))
    factor = side / max(sticker.size)
    size = max(1, round(sticker.width * factor)), max(1, round(sticker.height * factor))
    turned = sticker.resize(size, Image.Resampling.BICUBIC).rotate(
        float(rng.uniform(-TURN, TURN)), Image.Resampling.BICUBIC, expand=True
    )
    clear = turned.getchannel("A").point(lambda value: 255 if value > 64 else 0)
    return turned.crop(clear.getbbox())


def _ground(rng: np.random.Generator) -> Image.Image:
    """Return blotches of colour under noise."""
    blotches = rng.integers(40, 216, (5, 6, 3)).astype(np.uint8)
    smooth = Image.fromarray(blotches).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    noise = rng.normal(0, 12, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(np.asarray(smooth) + noise, 0, 255).astype(np.uint8))


def _covered(first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of the smaller box that both have in common."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    areas = [float((box[2:] - box[:2]).prod()) for box in (first, second)]
    return float(sides.clip(0).prod()) / min(areas)
